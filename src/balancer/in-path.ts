/**
 * The kernel's services behind in-path probes: one on each mark, with one realserver, forwarded as its service does. A mark is
 * looked up before addresses (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_service_find), so a marked probe to a VIP comes to the service
 * of its mark, whatever the scheduler of the VIP's own service would choose, and whatever weight it has there. Pure.
 */

import type { Config } from '../config/config.ts';
import { type ProbePath, probeMarkCount, reservedMarks } from '../config/in-path.ts';
import { type DestinationEntry, destinationKey, type IpvsDestination, type ServiceId } from '../wire/ipvs.ts';
import { type DesiredService, tunnelOf } from './desired.ts';
import { isSameDestination } from './diff.ts';

export function inPathId({ family }: ProbePath, mark: number): ServiceId {
  return { kind: 'mark', mark, family };
}

export function inPathService(path: ProbePath, mark: number): DesiredService {
  return {
    name: `probes of ${path.address}`,
    service: {
      id: inPathId(path, mark),
      scheduler: 'rr',
      onePacket: false,
      schedulerFallback: false,
      schedulerPort: false,
      persistence: null,
    },
    destinations: [inPathDestination(path)],
    removed: [],
    // What is left of probes is no connection of anybody's.
    drain: { timeoutMs: 0, waitForPersistent: false },
  };
}

function inPathDestination({ address, port, mode, tunnel }: ProbePath): IpvsDestination {
  return {
    address,
    port,
    forward: mode,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: tunnel === null ? null : tunnelOf({ tunnel }),
  };
}

/** Whether the kernel sends probes of this path where they belong, and nowhere else. */
export function isWhole(path: ProbePath, found: readonly DestinationEntry[]): boolean {
  const wanted = inPathDestination(path);
  const serving = found.map(({ destination }) => destination).filter(({ weight }) => weight > 0);
  const [only, ...others] = serving;
  if (only === undefined || others.length > 0) return false;
  return destinationKey(only) === destinationKey(wanted) && isSameDestination(only, wanted);
}

/** The mark with this number among those of probes, or undefined: so many there are not. */
export function probeMark(config: Pick<Config, 'ipvs' | 'directors'>, number: number): number | undefined {
  return number < probeMarkCount(config) ? reservedMarks(config.ipvs).first + number : undefined;
}
