/**
 * What the directors of an instance must agree on to understand each other's VRRP: one that speaks otherwise than the MASTER
 * does not hear it, and becomes MASTER beside it. Pure.
 */
import type { InstanceConfig } from './instance.ts';

export interface Speech {
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  readonly transport: 'unicast' | 'multicast';
  /** Where adverts go; null: to each speaker. */
  readonly group: string | null;
  /** Version 2 refuses another interval (RFC 3768 section 7.1), version 3 learns it; null: learnt. */
  readonly advertIntervalMs: number | null;
  /** Four hex digits of a password or key and how it is used: enough to notice another one, too few to find out which. */
  readonly secret: string | null;
  /** Director → source of its adverts; null: its link-local address. */
  readonly speakers: Readonly<Record<string, string | null>>;
}

/** Secrets must be resolved. */
export function speechOf(instance: InstanceConfig): Speech {
  const { vrid, version, family, transport, multicastGroup, advertIntervalMs, speakers } = instance;
  return {
    vrid,
    version,
    family,
    transport,
    group: transport === 'multicast' ? multicastGroup : null,
    advertIntervalMs: version === 2 ? advertIntervalMs : null,
    secret: secretOf(instance),
    speakers: Object.fromEntries(speakers.map(({ director, source }) => [director, source])),
  };
}

/** What keeps one that speaks like `after` from understanding one that speaks like `before`, in words; empty: they do. */
export function misunderstandings(before: Speech, after: Speech): string[] {
  const moved = (what: string, one: unknown, other: unknown): string[] =>
    one === other ? [] : [`${what} ${one} → ${other}`];
  return [
    ...moved('VRID', before.vrid, after.vrid),
    ...moved('version', before.version, after.version),
    ...moved('IPv', before.family, after.family),
    ...moved('transport', before.transport, after.transport),
    ...(before.group === null || after.group === null ? [] : moved('group', before.group, after.group)),
    ...(before.advertIntervalMs === null || after.advertIntervalMs === null
      ? []
      : moved('interval', `${before.advertIntervalMs} ms`, `${after.advertIntervalMs} ms`)),
    ...(before.secret === after.secret ? [] : ['authentication']),
    ...speakerChanges(before, after),
  ];
}

/** A source that is not known is not believed by unicast; a director that comes or goes concerns unicast only. */
function speakerChanges(before: Speech, after: Speech): string[] {
  const names = [...new Set([...Object.keys(before.speakers), ...Object.keys(after.speakers)])];
  return names.flatMap((name) => {
    const [from, to] = [before.speakers[name], after.speakers[name]];
    if (from === to) return [];
    if (from !== undefined && to !== undefined)
      return [`source of ${name} ${from ?? 'link-local'} → ${to ?? 'link-local'}`];
    if (before.transport !== 'unicast' || after.transport !== 'unicast') return [];
    return [from === undefined ? `${name} joins` : `${name} leaves`];
  });
}

function secretOf({ authentication, hmac }: InstanceConfig): string | null {
  if (authentication === null && (hmac ?? null) === null) return null; // a stored configuration may be older than HMAC
  const text = [authentication?.pass.value ?? '', hmac?.mode ?? '', hmac?.key.value ?? ''].join('\n');
  return fourDigits(text);
}

/** FNV-1a (draft-eastlake-fnv), folded to 16 bits. */
function fourDigits(text: string): string {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return (((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, '0');
}
