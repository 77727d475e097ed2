/** VRRP instances: who takes part, from which interface and address, and what is tracked. */
import { type Address, familyOf, parseAddress } from '../../wire/address.ts';
import type { GarpConfig, InstanceConfig, NotifyConfig, SpeakerConfig, SyncGroupConfig } from '../instance.ts';
import { namesIn, type Step } from '../raw.ts';
import type { RawTopology } from '../schema/topology.ts';
import { closest } from '../suggest.ts';
import type { Resolving } from './context.ts';
import { secretOf } from './secret.ts';

export type RawInstance = RawTopology['vrrp'][number][1];

/** `prefer` gives these: 110, 100, 90 …, and never less than 1. */
const FIRST_PRIORITY = 110;
const PRIORITY_STEP = 10;

const GROUP_V4 = '224.0.0.18' as Address; // RFC 9568 section 5.1.1.2
const GROUP_V6 = parseAddress('ff02::12') ?? GROUP_V4; // section 5.1.2.2

export function instancesOf(context: Resolving): InstanceConfig[] {
  return context.top.vrrp.map(([name, raw]) => instanceOf(name, raw, context));
}

function instanceOf(name: string, raw: RawInstance, context: Resolving): InstanceConfig {
  const [first] = raw.vips;
  const family = first === undefined ? 4 : familyOf(first.address);
  return {
    name,
    vrid: raw.vrid,
    version: raw.version,
    family,
    vips: raw.vips,
    extraVips: raw.extra_vips,
    speakers: speakersOf(name, raw, context),
    foreignPeers: raw.peers,
    transport: raw.transport,
    multicastGroup: raw.multicast_group ?? (family === 4 ? GROUP_V4 : GROUP_V6),
    advertIntervalMs: raw.advert_interval,
    checksum: raw.checksum,
    authentication: raw.authentication === undefined ? null : { pass: secretOf(raw.authentication.pass, context.base) },
    hmac: raw.hmac === undefined ? null : { key: secretOf(raw.hmac.key, context.base), mode: raw.hmac.mode },
    preempt: raw.preempt,
    preemptDelayMs: raw.preempt_delay,
    virtualMac: { enabled: raw.virtual_mac.enabled, transmitFrom: raw.virtual_mac.transmit_from },
    garp: garpOf(raw),
    track: trackOf(name, raw, context),
    startAfter: { linkUpMs: raw.start_after.link_up, verdicts: raw.start_after.verdicts },
    notify: notifyOf(raw.notify),
    alert: raw.alert,
  };
}

function garpOf({ garp }: RawInstance): GarpConfig {
  return {
    count: garp.count,
    againAfterMs: garp.again_after,
    again: garp.again,
    refreshMs: garp.refresh,
    refreshCount: garp.refresh_count,
    lowerPriority: { count: garp.lower_priority.count, afterMs: garp.lower_priority.after },
    intervalMs: garp.interval,
  };
}

export function notifyOf(raw: RawInstance['notify']): NotifyConfig {
  return {
    master: raw.master ?? null,
    backup: raw.backup ?? null,
    fault: raw.fault ?? null,
    stop: raw.stop ?? null,
    any: raw.any ?? null,
    user: raw.user,
  };
}

interface Wanted {
  readonly director: string;
  readonly priority: number;
  readonly steps: readonly Step[];
}

function wantedSpeakers(name: string, raw: RawInstance, { report }: Resolving): Wanted[] {
  const at = ['vrrp', name];
  if (raw.prefer !== undefined && raw.priority !== undefined) {
    report([...at, 'priority'], '`prefer` and `priority` stand together', { expected: 'one of the two' });
  }
  if (raw.prefer === undefined && raw.priority === undefined) {
    const expected = 'prefer: [lb1, lb2], or priority: { lb1: 110, lb2: 100 }';
    report(at, 'neither `prefer` nor `priority` says which directors take part', { expected });
  }
  const byPriority = (raw.priority ?? []).map(([director, priority]) => ({
    director,
    priority,
    steps: [...at, 'priority', director],
  }));
  const byPreference = (raw.prefer ?? []).map((director, index) => ({
    director,
    priority: Math.max(1, FIRST_PRIORITY - PRIORITY_STEP * index),
    steps: [...at, 'prefer', index],
  }));
  return raw.prefer === undefined ? byPriority : byPreference;
}

function speakersOf(name: string, raw: RawInstance, context: Resolving): SpeakerConfig[] {
  const { top, root, report } = context;
  const known = namesIn(root, 'directors');
  const seen = new Set<string>();
  const speakers = wantedSpeakers(name, raw, context).flatMap(({ director, priority, steps }) => {
    if (seen.has(director)) report(steps, `director '${director}' stands here twice`);
    seen.add(director);
    if (!known.includes(director)) {
      report(steps, `no director is called '${director}'`, { suggestion: closest(director, known) });
    }
    const dips = top.directors.find(([other]) => other === director)?.[1].dip;
    const speaker = dips === undefined ? undefined : speakerOn(dips, name, director, raw, context);
    return speaker === undefined ? [] : [{ director, priority, ...speaker }];
  });
  reportSource(name, raw, speakers, context);
  return speakers.sort((a, b) => b.priority - a.priority);
}

type Dips = RawTopology['directors'][number][1]['dip'];

function speakerOn(dips: Dips, name: string, director: string, raw: RawInstance, { report }: Resolving) {
  const [first] = dips;
  const own = raw.interface === undefined ? first : dips.find(([one]) => one === raw.interface);
  if (own === undefined) {
    if (first === undefined) return undefined;
    const interfaces = dips.map(([one]) => one);
    report(['vrrp', name, 'interface'], `director '${director}' has no dip on ${raw.interface}`, {
      expected: `one of ${interfaces.join(', ')}`,
      suggestion: closest(raw.interface ?? '', interfaces),
    });
    return undefined;
  }
  const named = dips.find(([, address]) => address === raw.source);
  return { interface: own[0], source: named?.[1] ?? own[1] };
}

function reportSource(name: string, raw: RawInstance, speakers: readonly SpeakerConfig[], { report }: Resolving): void {
  if (raw.source === undefined || speakers.some(({ source }) => source === raw.source)) return;
  report(['vrrp', name, 'source'], `${raw.source} is no dip of a director that takes part`, {
    expected: `one of the directors' own addresses, such as ${speakers.map(({ source }) => source).join(', ')}`,
  });
}

function trackOf(name: string, raw: RawInstance, { top, root, report }: Resolving): InstanceConfig['track'] {
  const scripts = namesIn(root, 'scripts');
  const services = namesIn(root, 'services');
  const check = (kind: string, singular: string, known: string[], names: readonly { name: string }[]): void => {
    for (const [index, { name: wanted }] of names.entries()) {
      if (known.includes(wanted)) continue;
      const hint = { suggestion: closest(wanted, known) };
      report(['vrrp', name, 'track', kind, index], `no ${singular} is called '${wanted}'`, hint);
    }
  };
  check('scripts', 'script', scripts, raw.track.scripts);
  check('services', 'service', services, raw.track.services);
  const scriptWeight = (script: string): number => top.scripts.find(([other]) => other === script)?.[1].weight ?? 0;
  return {
    interfaces: raw.track.interfaces.map((one) => ({ name: one.name, weight: one.weight ?? 0 })),
    scripts: raw.track.scripts.map((one) => ({ name: one.name, weight: one.weight ?? scriptWeight(one.name) })),
    services: raw.track.services.map((one) => ({ name: one.name, weight: one.weight ?? 0 })),
    files: raw.track.files,
  };
}

const NOBODY: NotifyConfig = { master: null, backup: null, fault: null, stop: null, any: null, user: 'lvs-script' };

export function syncGroupsOf({ top, root, report }: Resolving): SyncGroupConfig[] {
  const known = namesIn(root, 'vrrp');
  return top.sync_groups.map(([name, raw]) => {
    for (const [index, member] of raw.members.entries()) {
      if (known.includes(member)) continue;
      const steps = groupSteps(name, index);
      report(steps, `no instance is called '${member}'`, { suggestion: closest(member, known) });
    }
    const notify = raw.notify === undefined ? NOBODY : notifyOf(raw.notify);
    return { name, members: raw.members, notify, alert: raw.alert };
  });

  /** A group is a list, or a mapping with `members`. */
  function groupSteps(name: string, index: number): Step[] {
    const groups = root.kind === 'map' ? root.entries.get('sync_groups') : undefined;
    const group = groups?.kind === 'map' ? groups.entries.get(name) : undefined;
    return group?.kind === 'list' ? ['sync_groups', name, index] : ['sync_groups', name, 'members', index];
  }
}
