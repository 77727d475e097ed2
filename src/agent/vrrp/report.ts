/** What the VRRP process tells the supervisor of its instances. Pure. */
import type { Clock } from '../../kernel/clock.ts';
import type { Instance } from '../../vrrp/instance.ts';
import type { InstanceReport } from '../../vrrp/link.ts';
import type { Router } from '../../vrrp/router.ts';

/** @param clock turns the machine's monotonic times into epoch ones. */
export function reportOf(router: Router, clock: Pick<Clock, 'now' | 'wall'>): InstanceReport[] {
  const offsetMs = clock.wall() - clock.now();
  return Object.values(router.instances).map((instance) => instanceReport(instance, offsetMs));
}

function instanceReport(instance: Instance, offsetMs: number): InstanceReport {
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
  };
}
