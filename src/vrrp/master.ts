/** The Active state, which we call MASTER: RFC 9568 section 6.4.3, the branches in its order; additions of ours marked. */
import { compareAddresses } from '../wire/address.ts';
import { handOver, handOverEnded, yieldTo } from './hand-over.ts';
import type { EventOf, Instance, Step } from './instance.ts';
import { addressRefreshMs } from './intervals.ts';
import { announce, announcementTimes, chain, lifetimeSeconds, same, send } from './transition.ts';

/** RFC 9568 section 6.4.3. */
export function advertisementInMaster(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1 };
  const { setup } = heard;
  const { priority, advertIntervalMs } = event.advertisement;
  if (heard.handingOver !== null && priority === 0) return same(heard); // it gives up, too
  // the other gives up: say that we are here
  if (priority === 0) return chain(send(heard, nowMs), (next) => same(rescheduled(next, nowMs)));
  // higher priority, or the same and a higher address: it wins
  const higher =
    priority > heard.priority || (priority === heard.priority && compareAddresses(event.source, setup.source) > 0);
  // ours: whoever speaks while we hand over is the successor
  if (higher || heard.handingOver !== null) {
    const masterAdvertMs = setup.version === 3 ? advertIntervalMs : setup.advertIntervalMs;
    const cause = `${event.source} advertises priority ${priority}, ours is ${heard.priority}`;
    const known: Instance = { ...heard, masterAdvertMs, master: event.source };
    return yieldTo(known, setup.managed.includes(event.source), cause, nowMs);
  }
  // lower: RFC 9568 answers at once, and whoever was misled hears from us again
  const { lowerPriority, intervalMs } = setup.garp;
  const later = announcementTimes(nowMs, lowerPriority.count, lowerPriority.afterMs, intervalMs);
  const answered = chain(send(heard, nowMs), (next) => same(rescheduled(next, nowMs)));
  return {
    instance: { ...answered.instance, announceAtMs: merged(answered.instance.announceAtMs, later) },
    effects: lowerPriority.count > 0 ? [...answered.effects, announce(heard, 1)] : answered.effects,
  };
}

/** The Adver_Timer is set anew after an answer out of turn. */
function rescheduled(instance: Instance, nowMs: number): Instance {
  return { ...instance, advertAtMs: nowMs + instance.setup.advertIntervalMs };
}

/** Rounds already planned are not multiplied by a peer that keeps talking: the burst is as long as its longest cause. */
function merged(planned: readonly number[], more: readonly number[]): number[] {
  return planned.length >= more.length ? [...planned] : [...more];
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
  const { announceAtMs, announceRefreshAtMs, setup } = instance;
  const refresh = announceRefreshAtMs !== null && nowMs >= announceRefreshAtMs;
  const due = announceAtMs.filter((atMs) => atMs <= nowMs).length + (refresh ? setup.garp.refreshCount : 0);
  if (due === 0) return same(instance);
  const nextRefreshMs = refresh ? nextOnGrid(announceRefreshAtMs, setup.garp.refreshMs, nowMs) : announceRefreshAtMs;
  return {
    instance: {
      ...instance,
      announceAtMs: announceAtMs.filter((atMs) => atMs > nowMs),
      announceRefreshAtMs: nextRefreshMs,
    },
    effects: [announce(instance, due)],
  };
}

function nextOnGrid(atMs: number, intervalMs: number, nowMs: number): number {
  return atMs + intervalMs * (Math.floor((nowMs - atMs) / intervalMs) + 1);
}

/** One that hands over already does so for a reason of its own. */
export function demoteMaster(instance: Instance, { cause, yielded }: EventOf<'demote'>, nowMs: number): Step {
  if (instance.handingOver !== null) return same(instance);
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
