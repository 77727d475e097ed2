/**
 * How a director with an old configuration is held. Not for ever: an old configuration that serves is better than a new one
 * that does not, so the hold ends where no MASTER is heard any more. Nor too early: where the new configuration speaks another
 * VRRP, the MASTER is not heard although it serves, and says so here only. Pure.
 */
import type { InstanceConfig } from '../../config/instance.ts';
import type { Hold } from '../../vrrp/hold.ts';
import type { Peer } from './peers.ts';
import { masterAmong } from './peers.ts';

/** What holds as long as another serves: a supervisor that has died says nothing more; it is told anew every second. */
export const SERVED_MS = 15_000;

export interface Fenced {
  readonly reason: string;
  /** Those that this director takes part in. */
  readonly instances: readonly Pick<InstanceConfig, 'name' | 'vips'>[];
  readonly peers: readonly Peer[];
  readonly sinceMs: number;
  readonly nowMs: number;
}

export function fence({ reason, instances, peers, sinceMs, nowMs }: Fenced): Hold[] {
  const served = instances.filter(({ vips }) => {
    const addresses = vips.map(({ address }) => address);
    return masterAmong(addresses, peers, sinceMs, nowMs) !== undefined;
  });
  return [
    { instance: null, reason, untilMs: null, endsAlone: true },
    ...served.map(({ name }) => ({ instance: name, reason, untilMs: nowMs + SERVED_MS, endsAlone: false })),
  ];
}
