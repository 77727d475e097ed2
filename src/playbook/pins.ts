/**
 * Changes that a director which has not made them yet does not understand (another VRRP version, password …): made one director
 * at a time, each side would hear nobody and be MASTER. Which instances are concerned, and how a plan shows it; pinning.ts does
 * what follows. Pure.
 */
import { misunderstandings, type Speech } from '../config/speech.ts';
import type { InstanceWanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Change } from '../operations/operation.ts';
import type { InstanceState } from '../status/state.ts';
import type { Reading } from './cluster.ts';

export interface Pin {
  readonly instance: string;
  /** What the two sides do not understand of each other. */
  readonly why: readonly string[];
  /** Directors that take part and that this run leaves out although nobody has looked for them. */
  readonly leftOut: readonly string[];
  /** Directors that take part with their keepalived, which stays as it is. */
  readonly unmanaged: readonly string[];
}

/** @param unmanaged directors that run keepalived, of each instance */
export function pinsFor(
  readings: readonly Reading[],
  unmanaged: (instance: string) => readonly string[] = () => [],
): Pin[] {
  const asked = new Set(readings.map(({ target }) => target.wanted.host));
  const wanted = readings.flatMap(({ target }) => target.wanted.director?.instances ?? []);
  const instances = [...new Map(wanted.map((one) => [one.name, one])).values()];
  return instances.flatMap((instance): Pin[] => {
    const running = readings.flatMap((one) => ('facts' in one ? speechOn(one.facts, instance) : []));
    const beside = unmanaged(instance.name);
    const foreign = running.flatMap((before) => foreignTo(before, instance.speech));
    if (beside.length > 0 && foreign.length > 0)
      return [{ instance: instance.name, why: [...new Set(foreign)], leftOut: [], unmanaged: beside }];
    const why = [...new Set(running.flatMap((before) => misunderstandings(before, instance.speech)))];
    const speakers = new Set([instance.speech, ...running].flatMap((one) => Object.keys(one.speakers)));
    if (why.length === 0 || speakers.size < 2) return [];
    return [{ instance: instance.name, why, leftOut: [...speakers].filter((name) => !asked.has(name)), unmanaged: [] }];
  });
}

/** What a keepalived that understood `before` does not understand: another key, too, which agents ease each other into. */
function foreignTo(before: Speech, after: Speech): string[] {
  const known = Object.entries(before.speakers).map(
    ([name, source]) => [name, after.speakers[name] ?? source] as const,
  );
  const isSameKey = before.hmac === undefined || before.hmac === (after.hmac ?? null);
  return [
    ...misunderstandings(before, { ...after, speakers: Object.fromEntries(known) }),
    ...(isSameKey ? [] : ['hmac']),
  ];
}

/** How a director is marked in a plan whose instances change so. */
export function pinChanges(pins: readonly Pin[], { target, facts }: Extract<Reading, { facts: unknown }>): Change[] {
  return (target.wanted.director?.instances ?? []).flatMap((instance): Change[] => {
    const pin = pins.find((one) => one.instance === instance.name);
    const why = speechOn(facts, instance).flatMap((before) => misunderstandings(before, instance.speech));
    if (pin === undefined || why.length === 0) return [];
    return [{ sign: '!', what: `VRRP ${instance.name}: ${why.join(', ')}`, why: 'rolls through a pinned BACKUP' }];
  });
}

export function pinProblems(pins: readonly Pin[]): string[] {
  return pins.flatMap(({ instance, why, leftOut, unmanaged }) => {
    const what = why.join(', ');
    const names = unmanaged.join(' and ');
    return [
      ...(leftOut.length === 0
        ? []
        : [
            `VRRP ${instance} changes so that its directors understand each other only when all have changed (${what}); do not leave out ${leftOut.join(', ')}.`,
          ]),
      ...(unmanaged.length === 0
        ? []
        : [
            `VRRP ${instance} changes so that the keepalived of ${names} no longer understands it (${what}), and both would be MASTER; lvsctl migrate ${unmanaged[0]} first, with the topology as it was.`,
          ]),
    ];
  });
}

/** How the instance of the same addresses speaks there now; agents of an earlier release tell only a part of it. */
function speechOn(facts: HostFacts, wanted: InstanceWanted): Speech[] {
  return sharing(facts, wanted).map(({ speech, vrid, version, advertIntervalMs }) => {
    const told = { ...wanted.speech, vrid, version, advertIntervalMs: version === 2 ? advertIntervalMs : null };
    return speech ?? told;
  });
}

/** What runs there with one of its addresses, under whatever name. */
export function sharing({ agent }: HostFacts, { vips }: InstanceWanted): InstanceState[] {
  return (agent?.state?.vrrp.instances ?? []).filter((one) => one.vips.some((vip) => vips.some((own) => own === vip)));
}
