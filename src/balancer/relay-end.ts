/** How long a relay is needed (relay.ts). Pure; times are epoch ms. */
import type { RelayOrder } from './relay.ts';

export interface RelayStanding {
  readonly order: RelayOrder;
  /** It has taken over. */
  readonly wasMaster: boolean;
  /** Since when nothing is relayed; null: something is. */
  readonly quietSince: number | null;
}

export interface RelayNow {
  readonly wall: number;
  /** undefined: the VRRP process does not say. */
  readonly isMaster: boolean | undefined;
  readonly connections: number;
  /** Connection sync tells the new MASTER of what passes the old one, entry by entry. */
  readonly syncs: boolean;
  readonly advertIntervalMs: number;
}

/** Connections that nothing was heard of for so long are not missed: longer than web servers keep idle ones (75 s in nginx). */
const QUIET_MS = 80_000;
/** As long as the old MASTER is there for them, unless told otherwise. */
const LONGEST_MS = 600_000;
/** A clock that was set back by more makes the times worthless. */
const CLOCK_STEP_MS = 60_000;

export function newStanding(order: RelayOrder): RelayStanding {
  return { order, wasMaster: false, quietSince: null };
}

export function standingNow(before: RelayStanding, { wall, isMaster, connections }: RelayNow): RelayStanding {
  return {
    order: before.order,
    wasMaster: before.wasMaster || isMaster === true,
    quietSince: connections > 0 ? null : (before.quietSince ?? wall),
  };
}

/** Why it has to end, or null. */
export function reasonToEnd({ order, wasMaster, quietSince }: RelayStanding, now: RelayNow): string | null {
  const ageMs = now.wall - order.since;
  if (ageMs >= LONGEST_MS || ageMs < -CLOCK_STEP_MS) return 'its time is over';
  if (wasMaster && now.isMaster === false) return `${order.instance} is MASTER elsewhere`;
  // a pre-emption waits for master_down, which is less than five intervals
  const patienceMs = 10_000 + 5 * now.advertIntervalMs;
  if (!wasMaster && now.isMaster === false && ageMs >= patienceMs) return `${order.instance} was not taken over`;
  if (now.syncs && quietSince !== null && now.wall - quietSince >= QUIET_MS) return 'nothing is relayed any more';
  return null;
}
