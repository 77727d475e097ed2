/** The Active state, which we call MASTER: RFC 9568 section 6.4.3, the branches in its order; additions of ours marked. */
import { type Address, compareAddresses } from '../wire/address.ts';
import type { EventOf, Instance, Step } from './instance.ts';
import { addressRefreshMs } from './intervals.ts';
import {
  announce,
  announcementTimes,
  becomeBackup,
  chain,
  letGo,
  lifetimeSeconds,
  resign,
  same,
  send,
} from './transition.ts';

/** RFC 9568 section 6.4.3. */
export function advertisementInMaster(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1 };
  const { setup } = heard;
  const { priority, advertIntervalMs } = event.advertisement;
  // the other gives up: say that we are here
  if (priority === 0) return chain(send(heard, nowMs), (next) => same(rescheduled(next, nowMs)));
  // higher priority, or the same and a higher address: it wins
  const higher =
    priority > heard.priority || (priority === heard.priority && isHigherAddress(event.source, setup.source));
  if (higher) {
    const masterAdvertMs = setup.version === 3 ? advertIntervalMs : setup.advertIntervalMs;
    const cause = `${event.source} advertises priority ${priority}, ours is ${heard.priority}`;
    return chain(letGo({ ...heard, masterAdvertMs, master: event.source }), (next) => becomeBackup(next, nowMs, cause));
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

/** One without an address to speak from cannot insist. */
function isHigherAddress(theirs: Address, ours: Address | null): boolean {
  return ours === null || compareAddresses(theirs, ours) > 0;
}

/** The Adver_Timer is set anew after an answer out of turn. */
function rescheduled(instance: Instance, nowMs: number): Instance {
  return { ...instance, advertAtMs: nowMs + instance.setup.advertIntervalMs };
}

/** Rounds already planned are not multiplied by a peer that keeps talking: the burst is as long as its longest cause. */
function merged(planned: readonly number[], more: readonly number[]): number[] {
  return planned.length >= more.length ? [...planned] : [...more];
}

/** RFC 9568 section 6.4.3, the Adver_Timer; and ours: lifetimes and announcements. */
export function timeInMaster(instance: Instance, _event: EventOf<'time'>, nowMs: number): Step {
  return chain(
    chain(advertise(instance, nowMs), (next) => renew(next, nowMs)),
    (next) => announceDue(next, nowMs),
  );
}

/** On a fixed grid: lateness does not add up, and turns that were missed altogether are not made up for. */
function advertise(instance: Instance, nowMs: number): Step {
  const { advertAtMs, setup } = instance;
  if (advertAtMs === null || nowMs < advertAtMs) return same(instance);
  return send({ ...instance, advertAtMs: nextOnGrid(advertAtMs, setup.advertIntervalMs, nowMs) }, nowMs);
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

export function demoteMaster(instance: Instance, { cause, yielded }: EventOf<'demote'>, nowMs: number): Step {
  return chain(resign(instance, nowMs), (next) => becomeBackup({ ...next, yielded }, nowMs, cause));
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
