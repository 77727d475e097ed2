/** VRRP instances: who takes part, from which interface and address, and what is tracked. */
import { type Address, type Family, familyOf, parseAddress } from '../../wire/address.ts';
import type { GarpConfig, InstanceConfig, NotifyConfig, SpeakerConfig, SyncGroupConfig } from '../instance.ts';
import type { Step } from '../raw.ts';
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
  const family = familyOfInstance(raw);
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
    virtualMac: {
      enabled: raw.virtual_mac.enabled,
      transmitFrom: raw.virtual_mac.transmit_from ?? (raw.transport === 'multicast' ? 'virtual' : 'base'),
    },
    garp: garpOf(raw),
    track: trackOf(raw, context.top),
    startAfter: { linkUpMs: raw.start_after.link_up, verdicts: raw.start_after.verdicts },
    notify: notifyOf(raw.notify),
    alert: raw.alert,
  };
}

function familyOfInstance({ vips: [first] }: RawInstance): Family {
  return first === undefined ? 4 : familyOf(first.address);
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
  const { top, report } = context;
  const seen = new Set<string>();
  const speakers = wantedSpeakers(name, raw, context).flatMap(({ director, priority, steps }) => {
    if (seen.has(director)) report(steps, `director '${director}' stands here twice`);
    seen.add(director);
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
  const [on, addresses] = own;
  const named = dips.flatMap(([, list]) => list).find((address) => address === raw.source);
  return { interface: on, source: named ?? sourceAmong(addresses, raw) };
}

/**
 * The first of the instance's family. IPv6 multicast is sent from the interface's link-local address (RFC 9568 section
 * 5.1.2.1), which the director knows and the topology need not.
 */
function sourceAmong(addresses: readonly Address[], raw: RawInstance): Address | null {
  const family = familyOfInstance(raw);
  if (family === 6 && raw.transport === 'multicast') return null;
  return addresses.find((address) => familyOf(address) === family) ?? addresses[0] ?? null;
}

function reportSource(name: string, raw: RawInstance, speakers: readonly SpeakerConfig[], { report }: Resolving): void {
  if (raw.source === undefined || speakers.some(({ source }) => source === raw.source)) return;
  report(['vrrp', name, 'source'], `${raw.source} is no dip of a director that takes part`, {
    expected: ["one of the directors' own addresses", speakers.flatMap(({ source }) => source ?? []).join(', ')]
      .filter((words) => words !== '')
      .join(', such as '),
  });
}

function trackOf(raw: RawInstance, top: RawTopology): InstanceConfig['track'] {
  const scriptWeight = (script: string): number => top.scripts.find(([other]) => other === script)?.[1].weight ?? 0;
  return {
    interfaces: raw.track.interfaces.map((one) => ({ name: one.name, weight: one.weight ?? 0 })),
    scripts: raw.track.scripts.map((one) => ({ name: one.name, weight: one.weight ?? scriptWeight(one.name) })),
    services: raw.track.services.map((one) => ({ name: one.name, weight: one.weight ?? 0 })),
    files: raw.track.files,
  };
}

const NOBODY: NotifyConfig = { master: null, backup: null, fault: null, stop: null, any: null, user: 'lvs-script' };

export function syncGroupsOf({ top }: Resolving): SyncGroupConfig[] {
  return top.sync_groups.map(([name, { members, notify, alert }]) => ({
    name,
    members,
    notify: notify === undefined ? NOBODY : notifyOf(notify),
    alert,
  }));
}
