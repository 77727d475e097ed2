/** What the VRRP process tells the supervisor of its instances. Pure. */
import type { Clock } from '../../kernel/clock.ts';
import type { Instance } from '../../vrrp/instance.ts';
import type { InstanceReport, StrangerReport, TrackerReport } from '../../vrrp/link.ts';
import type { Router } from '../../vrrp/router.ts';
import { watchedBy } from '../../vrrp/tracking.ts';
import type { HeardOf } from './heard.ts';
import type { Hearing } from './hearing.ts';
import type { Signatures } from './signatures.ts';
import type { HeardStranger } from './strangers.ts';

/** @param clock turns the machine's monotonic times into epoch ones. */
export function reportOf(
  router: Router,
  { heard, strangers }: Pick<Hearing, 'heard' | 'strangers'>,
  signatures: Pick<Signatures, 'report'>,
  clock: Pick<Clock, 'now' | 'wall'>,
): InstanceReport[] {
  const offsetMs = clock.wall() - clock.now();
  return Object.values(router.instances).map((instance) => {
    const trackers = watchedBy(instance.setup, router.around).map(
      ({ kind, name, weight, state, isDown }): TrackerReport => ({ kind, name, weight, state, isDown }),
    );
    const { name } = instance.setup;
    return {
      ...instanceReport(instance, offsetMs),
      ...heardReport(heard.of(name), offsetMs),
      trackers,
      hmac: signatures.report(name, offsetMs),
      owners: router.probing?.[name]?.owners ?? [],
      strangers: strangers.of(name, clock.now()).map((one) => strangerReport(one, offsetMs)),
    };
  });
}

function strangerReport({ sinceMs, atMs, ...stranger }: HeardStranger, offsetMs: number): StrangerReport {
  return { ...stranger, since: Math.round(sinceMs + offsetMs), at: Math.round(atMs + offsetMs) };
}

function heardReport(
  { accepted, dropped }: HeardOf,
  offsetMs: number,
): Pick<InstanceReport, 'lastAdvert' | 'lastDropped'> {
  const at = ({ atMs }: { readonly atMs: number }): number => Math.round(atMs + offsetMs);
  return {
    lastAdvert: accepted === null ? null : { source: accepted.source, priority: accepted.priority, at: at(accepted) },
    lastDropped: Object.fromEntries(
      Object.entries(dropped).map(([reason, packet]) => [reason, { source: packet.source, at: at(packet) }]),
    ),
  };
}

function instanceReport(instance: Instance, offsetMs: number): InstanceReport {
  const { virtualMac } = instance.setup;
  const { setup, state, cause, priority, master, advertsSent, advertsReceived, dropped, waitingFor } = instance;
  const { handingOver, lameDuck } = instance;
  const wall = (ms: number): number => Math.round(ms + offsetMs);
  return {
    name: setup.name,
    vrid: setup.vrid,
    version: setup.version,
    interface: setup.interface,
    state,
    since: wall(instance.sinceMs),
    cause,
    priority,
    basePriority: setup.basePriority,
    vips: setup.addresses.map(({ address }) => address),
    master,
    advertIntervalMs: setup.advertIntervalMs,
    advertsSent,
    advertsReceived,
    dropped,
    waitingFor,
    transitions: instance.transitions,
    ...(setup.source === null ? {} : { source: setup.source }),
    ...(handingOver === null
      ? {}
      : {
          handingOver: {
            since: wall(handingOver.sinceMs),
            deadline: wall(handingOver.deadlineMs),
            cause: handingOver.cause,
          },
        }),
    ...(lameDuck === null ? {} : { lameDuckUntil: wall(lameDuck.untilMs) }),
    ...(virtualMac === undefined ? {} : { virtualMac: { interface: virtualMac.interface, mac: virtualMac.mac } }),
  };
}
