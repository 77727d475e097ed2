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
  /** Four hex digits of a version 2 password: enough to notice another one, too few to find out which. */
  readonly secret: string | null;
  /**
   * The same of the key of signed adverts and how it is used. A director understands the former key for a while when it gets
   * another (src/vrrp/protection.ts), but one that joins has never had it. Agents of an earlier release do not tell.
   */
  readonly hmac?: string | null | undefined;
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
    hmac: hmacOf(instance),
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

/**
 * A source that is not known is not believed by unicast; by multicast a director that comes or goes concerns nobody, unless it
 * comes with a key that the others are only given.
 */
function speakerChanges(before: Speech, after: Speech): string[] {
  const names = [...new Set([...Object.keys(before.speakers), ...Object.keys(after.speakers)])];
  const isUnicast = before.transport === 'unicast' && after.transport === 'unicast';
  const isSameKey = (before.hmac ?? null) === (after.hmac ?? null);
  return names.flatMap((name) => {
    const [from, to] = [before.speakers[name], after.speakers[name]];
    if (from === to) return [];
    if (from !== undefined && to !== undefined)
      return [`source of ${name} ${from ?? 'link-local'} → ${to ?? 'link-local'}`];
    if (!isUnicast && (isSameKey || from !== undefined)) return [];
    return [from === undefined ? `${name} joins` : `${name} leaves`];
  });
}

function secretOf({ authentication }: InstanceConfig): string | null {
  return authentication === null ? null : fourDigits(authentication.pass.value);
}

function hmacOf({ hmac }: InstanceConfig): string | null {
  return hmac === null ? null : fourDigits(`${hmac.mode}\n${hmac.key.value}`);
}

/** FNV-1a (draft-eastlake-fnv), folded to 16 bits. */
function fourDigits(text: string): string {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return (((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, '0');
}
