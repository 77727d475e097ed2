/**
 * The VRRP state machine of one instance: RFC 9568 section 6.4 (RFC 5798 and RFC 3768 section 6.4 where they differ), the
 * branches in the order of the RFC, as one pure function. Additions of ours, each marked: FAULT, sync groups, the start gate,
 * yielding, adoption after a restart, and stepping down after a stall.
 *
 * ```
 *            startup                    Active_Down_Timer, nobody heard
 *   INIT ─────────────▶ BACKUP ────────────────────────────────────────▶ MASTER
 *     │ owner (255) or    ▲ │ ◀───────────────────────────────────────────  │
 *     │ adopted           │ │   higher priority heard, yield, stall          │
 *     └──────▶ MASTER     │ ▼ faults                                  faults │
 *                         FAULT ◀───────────────────────────────────────────┘
 * ```
 */
import { compareAddresses } from '../wire/address.ts';
import type { Instance, InstanceEvent, InstanceStateName, Step } from './instance.ts';
import { addressRefreshMs, masterDownMs, skewMs } from './intervals.ts';
import { setUpAgain } from './reconfigure.ts';
import {
  adoptMaster,
  announce,
  announcementTimes,
  becomeBackup,
  becomeMaster,
  chain,
  downMs,
  letGo,
  lifetimeSeconds,
  resign,
  rest,
  send,
} from './transition.ts';

type EventOf<Type extends InstanceEvent['type']> = Extract<InstanceEvent, { type: Type }>;
type Handlers = {
  readonly [Type in InstanceEvent['type']]?: (instance: Instance, event: EventOf<Type>, nowMs: number) => Step;
};

const same = (instance: Instance): Step => ({ instance, effects: [] });

/** What each state answers to; an event that is not listed is refused and changes nothing. */
const HANDLERS: Readonly<Record<InstanceStateName, Handlers>> = {
  INIT: {
    startup,
    time: same,
    dropped,
    priority: setPriority,
    faults: (instance, { faults }) => same({ ...instance, faults }),
    gate: setGate,
    setup: setUpAgain,
  },
  BACKUP: {
    shutdown,
    advertisement: advertisementInBackup,
    time: timeInBackup,
    dropped,
    priority: priorityInBackup,
    faults,
    gate: setGate,
    promote: (instance, _event, nowMs) =>
      becomeMaster(
        instance,
        nowMs,
        `no advertisement was heard by any member of sync group ${instance.setup.syncGroup}`,
      ),
    demote: same,
    'addresses-removed': same,
    setup: setUpAgain,
  },
  MASTER: {
    shutdown,
    advertisement: advertisementInMaster,
    time: timeInMaster,
    dropped,
    priority: setPriority,
    faults,
    gate: setGate,
    demote: demoteMaster,
    'addresses-removed': addressesRemoved,
    setup: setUpAgain,
  },
  FAULT: {
    shutdown,
    advertisement: (instance) => same({ ...instance, advertsReceived: instance.advertsReceived + 1 }),
    time: same,
    dropped,
    priority: setPriority,
    faults: faultsInFault,
    gate: setGate,
    demote: same,
    'addresses-removed': same,
    setup: setUpAgain,
  },
};

/** The one way in. Never throws; the same arguments always give the same step. */
export function step(instance: Instance, event: InstanceEvent, nowMs: number): Step {
  const late = stalled(instance, event, nowMs);
  if (late !== undefined) return chain(late, (next) => step(next, event, nowMs));
  const handle = HANDLERS[instance.state][event.type] as
    | ((instance: Instance, event: InstanceEvent, nowMs: number) => Step)
    | undefined;
  if (handle !== undefined) return handle(instance, event, nowMs);
  const { setup, state } = instance;
  return { instance, effects: [{ type: 'unexpected', instance: setup.name, state, event: event.type }] };
}

/** The next moment at which a `time` event is due, or null. */
export function nextDeadlineMs(instance: Instance): number | null {
  const timers = [
    instance.masterDownAtMs,
    instance.advertAtMs,
    instance.addressRefreshAtMs,
    instance.announceAtMs[0] ?? null,
    instance.announceRefreshAtMs,
  ].filter((atMs) => atMs !== null);
  return timers.length === 0 ? null : Math.min(...timers);
}

/**
 * Ours: a MASTER that could not advertise for a whole master_down has been replaced already. It steps down before it sends
 * anything, instead of fighting its successor; a release must still go through.
 */
function stalled(instance: Instance, event: InstanceEvent, nowMs: number): Step | undefined {
  const { state, lastAdvertMs, setup, priority } = instance;
  if (state !== 'MASTER' || lastAdvertMs === null || event.type === 'shutdown') return undefined;
  const limitMs = masterDownMs(setup.version, priority, setup.advertIntervalMs);
  const silentMs = nowMs - lastAdvertMs;
  if (silentMs <= limitMs) return undefined;
  const cause = `stalled: nothing was sent for ${Math.round(silentMs)} ms, longer than master_down (${Math.round(limitMs)} ms)`;
  return chain(letGo(instance), (next) => becomeBackup(next, nowMs, cause));
}

/** RFC 9568 section 6.4.1. */
function startup(instance: Instance, { found }: EventOf<'startup'>, nowMs: number): Step {
  const known: Instance = { ...instance, holdsAddresses: found !== 'absent' };
  const { setup, faults: found_faults } = instance;
  if (found_faults.length > 0)
    return chain(letGo(known), (next) => rest(next, 'FAULT', nowMs, found_faults.join(', ')));
  if (found === 'fresh') return adoptMaster(known, nowMs); // ours: hitless restart
  // the owner of the addresses does not wait
  if (known.priority === 255 && setup.syncGroup === null && known.waitingFor === null)
    return becomeMaster(known, nowMs, 'owner of the addresses (priority 255)');
  // ours: someone of us was MASTER a moment ago; if nobody speaks for one interval, it goes on
  if (found === 'stale') return becomeBackup(known, nowMs, 'started, addresses left over', setup.advertIntervalMs);
  return becomeBackup(known, nowMs, 'started', known.priority === 255 ? 0 : undefined);
}

/** RFC 9568 section 6.4.2 and 6.4.3: the Shutdown event; ours: without `release` for the next process to adopt. */
function shutdown(instance: Instance, { release, cause }: EventOf<'shutdown'>, nowMs: number): Step {
  if (!release) return rest(instance, 'INIT', nowMs, cause);
  const given = instance.state === 'MASTER' ? resign(instance, nowMs) : letGo(instance);
  return chain(given, (next) => rest(next, 'INIT', nowMs, cause));
}

/** RFC 9568 section 6.4.2. */
function advertisementInBackup(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1 };
  const { priority, advertIntervalMs } = event.advertisement;
  // the MASTER gives up: wait the skew only
  if (priority === 0) {
    const waitMs = skewMs(heard.setup.version, heard.priority, heard.masterAdvertMs);
    return chain(letGo(heard), (next) => same({ ...next, wantsMaster: false, masterDownAtMs: nowMs + waitMs }));
  }
  // not pre-empting, or not better: it is the MASTER
  if (priority >= heard.priority || !mayPreempt(heard, nowMs)) {
    const masterAdvertMs = heard.setup.version === 3 ? advertIntervalMs : heard.setup.advertIntervalMs;
    const preemptFromMs = priority >= heard.priority ? null : preemptFrom(heard, nowMs);
    const accepted: Instance = { ...heard, masterAdvertMs, master: event.source, wantsMaster: false, preemptFromMs };
    return chain(letGo(accepted), (next) => same({ ...next, masterDownAtMs: nowMs + downMs(next) }));
  }
  return same(heard); // pre-empt: discard, the timer runs on
}

function mayPreempt(instance: Instance, nowMs: number): boolean {
  return instance.setup.preempt && !instance.yielded && nowMs >= preemptFrom(instance, nowMs);
}

/** preempt_delay (ours, as keepalived's): counted from when a lower-priority MASTER is first heard. */
function preemptFrom({ preemptFromMs, setup }: Instance, nowMs: number): number {
  return preemptFromMs ?? nowMs + setup.preemptDelayMs;
}

/** RFC 9568 section 6.4.2, the Active_Down_Timer. */
function timeInBackup(instance: Instance, _event: EventOf<'time'>, nowMs: number): Step {
  const { masterDownAtMs, setup, master } = instance;
  if (masterDownAtMs === null || nowMs < masterDownAtMs) return same(instance);
  // ours: not eligible yet; listen one interval more
  if (instance.waitingFor !== null) return same({ ...instance, masterDownAtMs: nowMs + instance.masterAdvertMs });
  // ours: a sync group goes as a whole
  if (setup.syncGroup !== null) return same({ ...instance, masterDownAtMs: null, wantsMaster: true });
  const whom = master === null ? 'nobody else advertises' : `${master} is not heard any more`;
  return becomeMaster(instance, nowMs, whom);
}

/** RFC 9568 section 6.4.3. */
function advertisementInMaster(instance: Instance, event: EventOf<'advertisement'>, nowMs: number): Step {
  const heard: Instance = { ...instance, advertsReceived: instance.advertsReceived + 1 };
  const { setup } = heard;
  const { priority, advertIntervalMs } = event.advertisement;
  // the other gives up: say that we are here
  if (priority === 0) return chain(send(heard, nowMs), (next) => same(rescheduled(next, nowMs)));
  // higher priority, or the same and a higher address: it wins
  const higher =
    priority > heard.priority || (priority === heard.priority && compareAddresses(event.source, setup.source) > 0);
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

/** The Adver_Timer is set anew after an answer out of turn. */
function rescheduled(instance: Instance, nowMs: number): Instance {
  return { ...instance, advertAtMs: nowMs + instance.setup.advertIntervalMs };
}

/** Rounds already planned are not multiplied by a peer that keeps talking: the burst is as long as its longest cause. */
function merged(planned: readonly number[], more: readonly number[]): number[] {
  return planned.length >= more.length ? [...planned] : [...more];
}

/** RFC 9568 section 6.4.3, the Adver_Timer; and ours: lifetimes and announcements. */
function timeInMaster(instance: Instance, _event: EventOf<'time'>, nowMs: number): Step {
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

function dropped(instance: Instance, { reason }: EventOf<'dropped'>): Step {
  return same({ ...instance, dropped: { ...instance.dropped, [reason]: (instance.dropped[reason] ?? 0) + 1 } });
}

function setPriority(instance: Instance, { priority }: EventOf<'priority'>): Step {
  return same({ ...instance, priority });
}

/** The running timer moves by the difference of the skews (keepalived's vrrp_set_effective_priority). */
function priorityInBackup(instance: Instance, { priority }: EventOf<'priority'>): Step {
  const { masterDownAtMs, setup, masterAdvertMs } = instance;
  const byMs =
    skewMs(setup.version, priority, masterAdvertMs) - skewMs(setup.version, instance.priority, masterAdvertMs);
  return same({ ...instance, priority, masterDownAtMs: masterDownAtMs === null ? null : masterDownAtMs + byMs });
}

function setGate(instance: Instance, { waitingFor }: EventOf<'gate'>): Step {
  return same({ ...instance, waitingFor });
}

/** Ours: something that it cannot do without is gone. A MASTER says so while it still can. */
function faults(instance: Instance, event: EventOf<'faults'>, nowMs: number): Step {
  const known: Instance = { ...instance, faults: event.faults };
  if (event.faults.length === 0) return same(known);
  const given = instance.state === 'MASTER' ? resign(known, nowMs) : letGo(known);
  return chain(given, (next) => rest(next, 'FAULT', nowMs, event.faults.join(', ')));
}

function faultsInFault(instance: Instance, event: EventOf<'faults'>, nowMs: number): Step {
  const known: Instance = { ...instance, faults: event.faults };
  if (event.faults.length > 0) return same({ ...known, cause: event.faults.join(', ') });
  return becomeBackup(known, nowMs, `mended: ${instance.cause}`);
}

function demoteMaster(instance: Instance, { cause, yielded }: EventOf<'demote'>, nowMs: number): Step {
  return chain(resign(instance, nowMs), (next) => becomeBackup({ ...next, yielded }, nowMs, cause));
}

function addressesRemoved(instance: Instance, { addresses }: EventOf<'addresses-removed'>): Step {
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
