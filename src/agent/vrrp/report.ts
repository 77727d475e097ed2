/** What the VRRP process tells the supervisor of its instances. Pure. */
import type { Clock } from '../../kernel/clock.ts';
import type { Instance } from '../../vrrp/instance.ts';
import type { InstanceReport, TrackerReport } from '../../vrrp/link.ts';
import type { Router } from '../../vrrp/router.ts';
import { watchedBy } from '../../vrrp/tracking.ts';

/** @param clock turns the machine's monotonic times into epoch ones. */
export function reportOf(router: Router, clock: Pick<Clock, 'now' | 'wall'>): InstanceReport[] {
  const offsetMs = clock.wall() - clock.now();
  return Object.values(router.instances).map((instance) => {
    const trackers = watchedBy(instance.setup, router.around).map(
      ({ kind, name, weight, state, isDown }): TrackerReport => ({ kind, name, weight, state, isDown }),
    );
    return instanceReport(instance, trackers, offsetMs);
  });
}

function instanceReport(instance: Instance, trackers: readonly TrackerReport[], offsetMs: number): InstanceReport {
  const { setup, state, cause, priority, master, advertsSent, advertsReceived, dropped, waitingFor } = instance;
  return {
    name: setup.name,
    vrid: setup.vrid,
    version: setup.version,
    interface: setup.interface,
    state,
    since: Math.round(instance.sinceMs + offsetMs),
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
    trackers,
  };
}
