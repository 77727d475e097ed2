/** The Active state, which we call MASTER: RFC 9568 section 6.4.3, the branches in its order; additions of ours marked. */
import { type Address, compareAddresses } from '../wire/address.ts';
import { handOver, handOverEnded, yieldTo } from './hand-over.ts';
import type { EventOf, Instance, Step } from './instance.ts';
import { addressRefreshMs } from './intervals.ts';
import { announce, chain, lifetimeSeconds, same, send } from './transition.ts';

/** RFC 9568 section 6.4.3. */
export function advertisementInMaster(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1 };
  const { setup } = heard;
  const { priority, advertIntervalMs } = event.advertisement;
  if (heard.handingOver !== null && priority === 0) return same(heard); // it gives up, too
  // the other gives up: say that we are here
  if (priority === 0) return chain(answer(heard, nowMs), (next) => reclaim(next, nowMs));
  // higher priority, or the same and a higher address: it wins
  const higher =
    priority > heard.priority || (priority === heard.priority && isHigherAddress(event.source, setup.source));
  // ours: whoever speaks while we hand over is the successor
  if (higher || heard.handingOver !== null) {
    const masterAdvertMs = setup.version === 3 ? advertIntervalMs : setup.advertIntervalMs;
    const cause = `${event.source} advertises priority ${priority}, ours is ${heard.priority}`;
    return yieldTo({ ...heard, masterAdvertMs, master: event.source }, event.source, cause, nowMs);
  }
  // lower: RFC 9568 answers at once
  return chain(answer(heard, nowMs), (next) => reclaim(next, nowMs));
}

/** One without an address to speak from cannot insist. */
function isHigherAddress(theirs: Address, ours: Address | null): boolean {
  return ours === null || compareAddresses(theirs, ours) > 0;
}

/** An advertisement out of turn, which sets the Adver_Timer anew. */
function answer(instance: Instance, nowMs: number): Step {
  return chain(send(instance, nowMs), (next) => same({ ...next, advertAtMs: nowMs + next.setup.advertIntervalMs }));
}

/**
 * Ours, `garp.lower_priority`: there was another MASTER, so neighbours may take our addresses for its own. They hear from us at
 * once, and again when it has been silent for a while: what it sent last is outlived. One that does not give up and keeps talking
 * is not answered with a burst each time.
 */
function reclaim(instance: Instance, nowMs: number): Step {
  const { garp, advertIntervalMs } = instance.setup;
  const { count, afterMs } = garp.lowerPriority;
  if (count === 0) return same(instance);
  const { reclaimedMs } = instance;
  const reclaimAtMs = nowMs + afterMs;
  if (reclaimedMs !== null && nowMs < reclaimedMs + Math.max(afterMs, advertIntervalMs))
    return same({ ...instance, reclaimAtMs });
  return { instance: { ...instance, reclaimedMs: nowMs, reclaimAtMs }, effects: [announce(instance, count)] };
}

/** RFC 9568 section 6.4.3, the Adver_Timer; and ours: the end of a hand-over, lifetimes and announcements. */
export function timeInMaster(instance: Instance, _event: EventOf<'time'>, nowMs: number): Step {
  const ended = handOverEnded(instance, nowMs);
  if (ended !== undefined) return ended;
  return chain(
    chain(advertise(instance, nowMs), (next) => renew(next, nowMs)),
    (next) => announceDue(next, nowMs),
  );
}

/** On a fixed grid: lateness does not add up, and turns that were missed altogether are not made up for. */
function advertise(instance: Instance, nowMs: number): Step {
  const { advertAtMs, setup, handingOver, priority } = instance;
  if (advertAtMs === null || nowMs < advertAtMs) return same(instance);
  const next = { ...instance, advertAtMs: nextOnGrid(advertAtMs, setup.advertIntervalMs, nowMs) };
  return send(next, nowMs, handingOver === null ? priority : 0); // a lost priority 0 costs an interval, no more
}

function renew(instance: Instance, nowMs: number): Step {
  const { addressRefreshAtMs, setup } = instance;
  if (addressRefreshAtMs === null || nowMs < addressRefreshAtMs) return same(instance);
  const nextMs = nextOnGrid(addressRefreshAtMs, addressRefreshMs(setup.advertIntervalMs), nowMs);
  const { name, addresses } = setup;
  return {
    instance: { ...instance, addressRefreshAtMs: nextMs },
    effects: [{ type: 'refresh-addresses', instance: name, addresses, lifetimeSeconds: lifetimeSeconds(instance) }],
  };
}

function announceDue(instance: Instance, nowMs: number): Step {
  const { announceAtMs, announceRefreshAtMs, reclaimAtMs, setup } = instance;
  const { garp } = setup;
  const refresh = announceRefreshAtMs !== null && nowMs >= announceRefreshAtMs;
  const reclaims = reclaimAtMs !== null && nowMs >= reclaimAtMs;
  const again = announceAtMs.filter((atMs) => atMs <= nowMs).length;
  // causes that meet are not added up
  const rounds = Math.max(again, refresh ? garp.refreshCount : 0, reclaims ? garp.lowerPriority.count : 0);
  if (rounds === 0) return same(instance);
  const nextRefreshMs = refresh ? nextOnGrid(announceRefreshAtMs, garp.refreshMs, nowMs) : announceRefreshAtMs;
  return {
    instance: {
      ...instance,
      announceAtMs: announceAtMs.filter((atMs) => atMs > nowMs),
      announceRefreshAtMs: nextRefreshMs,
      reclaimAtMs: reclaims ? null : reclaimAtMs,
    },
    effects: [announce(instance, rounds)],
  };
}

function nextOnGrid(atMs: number, intervalMs: number, nowMs: number): number {
  return atMs + intervalMs * (Math.floor((nowMs - atMs) / intervalMs) + 1);
}

/** One that hands over already does so for a reason of its own, and no longer goes on when nobody takes it. */
export function demoteMaster(instance: Instance, { cause, yielded }: EventOf<'demote'>, nowMs: number): Step {
  const { handingOver } = instance;
  if (handingOver !== null) return same({ ...instance, handingOver: { ...handingOver, otherwise: 'let-go' } });
  return handOver(instance, { towards: 'BACKUP', cause, yielded, otherwise: 'let-go' }, nowMs);
}

export function addressesRemoved(instance: Instance, { addresses }: EventOf<'addresses-removed'>): Step {
  const missing = instance.setup.addresses.filter(({ address }) => addresses.includes(address));
  if (missing.length === 0) return same(instance);
  const { name } = instance.setup;
  return {
    instance,
    effects: [
      { type: 'add-addresses', instance: name, addresses: missing, lifetimeSeconds: lifetimeSeconds(instance) },
      announce(instance, 1, addresses),
    ],
  };
}
