/**
 * The VRRP state machine of one instance: RFC 9568 section 6.4 (RFC 5798 and RFC 3768 section 6.4 where they differ), the
 * branches in the order of the RFC, as one pure function. Additions of ours, each marked: FAULT, sync groups, the start gate,
 * the planned hand-over, adoption after a restart, and stepping down after a stall.
 *
 * ```
 *            startup                    Active_Down_Timer, nobody heard
 *   INIT ─────────────▶ BACKUP ────────────────────────────────────────▶ MASTER
 *     │ owner (255) or    ▲ │ ◀───────────────────────────────────────────  │
 *     │ adopted           │ │   higher priority heard, handed over, stall    │
 *     └──────▶ MASTER     │ ▼ faults                                  faults │
 *                         FAULT ◀───────────────────────────────────────────┘
 * ```
 */
import { advertisementInBackup, aliveInBackup, priorityInBackup, timeInBackup } from './backup.ts';
import {
  arrive,
  goOnMaster,
  handOver,
  handOverMaster,
  leaveToKernel,
  mendedMaster,
  silenceMaster,
  yieldTo,
} from './hand-over.ts';
import type { EventOf, Instance, InstanceEvent, InstanceStateName, Step } from './instance.ts';
import { masterDownMs } from './intervals.ts';
import { addressesRemoved, advertisementInMaster, demoteMaster, timeInMaster } from './master.ts';
import { setUpAgain } from './reconfigure.ts';
import { relayReady } from './relay.ts';
import {
  adoptMaster,
  becomeBackup,
  becomeMaster,
  chain,
  endLameDuck,
  letGo,
  resign,
  rest,
  same,
} from './transition.ts';

type Handlers = {
  readonly [Type in InstanceEvent['type']]?: (instance: Instance, event: EventOf<Type>, nowMs: number) => Step;
};

/** What of a hand-over is news to one state only. */
const NOT_OURS: Handlers = {
  'hand-over': same,
  silence: same,
  'go-on': same,
  'relay-ready': same,
  'end-lame-duck': same,
};

/** What each state answers to; an event that is not listed is refused and changes nothing. */
const HANDLERS: Readonly<Record<InstanceStateName, Handlers>> = {
  INIT: {
    ...NOT_OURS,
    startup,
    advertisement: same,
    time: same,
    dropped,
    demote: same,
    'addresses-removed': same,
    priority: setPriority,
    faults: (instance, { faults }) => same({ ...instance, faults }),
    gate: setGate,
    setup: setUpAgain,
  },
  BACKUP: {
    ...NOT_OURS,
    shutdown,
    advertisement: advertisementInBackup,
    time: (instance, event, nowMs) => chain(lameDuckEnded(instance, nowMs), (next) => timeInBackup(next, event, nowMs)),
    dropped: droppedInBackup,
    priority: priorityInBackup,
    faults,
    gate: gateInBackup,
    promote: (instance, _event, nowMs) =>
      becomeMaster(
        instance,
        nowMs,
        `no advertisement was heard by any member of sync group ${instance.setup.syncGroup}`,
      ),
    demote: same,
    'relay-ready': relayReady,
    'end-lame-duck': endLameDuck,
    'addresses-removed': same,
    setup: setUpAgain,
  },
  MASTER: {
    ...NOT_OURS,
    shutdown,
    advertisement: advertisementInMaster,
    time: timeInMaster,
    dropped: droppedInMaster,
    priority: setPriority,
    faults,
    gate: setGate,
    demote: demoteMaster,
    'hand-over': handOverMaster,
    silence: silenceMaster,
    'go-on': goOnMaster,
    'addresses-removed': addressesRemoved,
    setup: setUpAgain,
  },
  FAULT: {
    ...NOT_OURS,
    shutdown,
    advertisement: (instance) => same({ ...instance, advertsReceived: instance.advertsReceived + 1 }),
    time: (instance, _event, nowMs) => lameDuckEnded(instance, nowMs),
    'end-lame-duck': endLameDuck,
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
    instance.reclaimAtMs,
    instance.handingOver?.deadlineMs ?? null,
    instance.state === 'INIT' ? null : (instance.lameDuck?.untilMs ?? null),
  ].filter((atMs) => atMs !== null);
  return timers.length === 0 ? null : Math.min(...timers);
}

/**
 * Ours: a MASTER that could not advertise for a whole master_down has been replaced already. It steps down before it sends
 * anything, instead of fighting its successor; a release must still go through.
 */
function stalled(instance: Instance, event: InstanceEvent, nowMs: number): Step | undefined {
  const { state, lastAdvertMs, toldIntervalMs, setup, priority } = instance;
  if (state !== 'MASTER' || lastAdvertMs === null || event.type === 'shutdown') return undefined;
  const limitMs = masterDownMs(setup.version, priority, toldIntervalMs);
  const silentMs = nowMs - lastAdvertMs;
  if (silentMs <= limitMs) return undefined;
  const cause = `stalled: nothing was sent for ${Math.round(silentMs)} ms, longer than master_down (${Math.round(limitMs)} ms)`;
  return chain(letGo(instance), (next) => arrive(next, instance.handingOver, nowMs, cause));
}

function lameDuckEnded(instance: Instance, nowMs: number): Step {
  return instance.lameDuck !== null && nowMs >= instance.lameDuck.untilMs ? endLameDuck(instance) : same(instance);
}

/** RFC 9568 section 6.4.1. */
function startup(instance: Instance, { found, silentMs, isMoved = false }: EventOf<'startup'>, nowMs: number): Step {
  const lameDuck = silentMs === undefined ? null : { untilMs: nowMs + silentMs };
  const known: Instance = { ...instance, holdsAddresses: found !== 'absent', lameDuck };
  const { setup, faults: found_faults } = instance;
  if (found_faults.length > 0)
    return chain(letGo(known), (next) => rest(next, 'FAULT', nowMs, found_faults.join(', ')));
  if (found === 'fresh') return adoptMaster(known, nowMs, isMoved); // ours: hitless restart
  // the owner of the addresses does not wait
  if (known.priority === 255 && setup.syncGroup === null && known.waitingFor === null)
    return becomeMaster(known, nowMs, 'owner of the addresses (priority 255)');
  // ours: someone of us was MASTER a moment ago; if nobody speaks for one interval, it goes on
  if (found === 'stale') return becomeBackup(known, nowMs, 'started, addresses left over', setup.advertIntervalMs);
  return becomeBackup(known, nowMs, 'started', known.priority === 255 ? 0 : undefined);
}

/** RFC 9568 section 6.4.2 and 6.4.3: the Shutdown event; ours: without `release` for the next process to adopt. */
function shutdown(instance: Instance, event: EventOf<'shutdown'>, nowMs: number): Step {
  const { release, cause, awaitSuccessor = false } = event;
  if (!release) return same(rest(instance, 'INIT', nowMs, cause).instance); // nothing that anybody could notice
  if (instance.state === 'MASTER' && awaitSuccessor)
    return handOver(instance, { towards: 'INIT', cause, yielded: false, otherwise: 'let-go' }, nowMs);
  const given = instance.state === 'MASTER' ? resign(instance, nowMs) : letGo(instance);
  const silent = chain(given, (next) => (awaitSuccessor ? leaveToKernel(next, nowMs) : endLameDuck(next)));
  return chain(silent, (next) => rest(next, 'INIT', nowMs, cause));
}

function dropped(instance: Instance, { reason }: EventOf<'dropped'>): Step {
  return same({ ...instance, dropped: { ...instance.dropped, [reason]: (instance.dropped[reason] ?? 0) + 1 } });
}

/**
 * Ours: a successor whose clock is too far from ours to be believed is there all the same, and has the key; what waits for it in
 * vain would take the role back from it.
 */
function droppedInMaster(instance: Instance, event: EventOf<'dropped'>, nowMs: number): Step {
  const { instance: counted } = dropped(instance, event);
  const { isAlive, source, reason } = event;
  if (counted.handingOver === null || !isAlive || source === undefined) return same(counted);
  return yieldTo({ ...counted, master: source }, source, `${source} advertises (${reason})`, nowMs);
}

function droppedInBackup(instance: Instance, event: EventOf<'dropped'>, nowMs: number): Step {
  const { instance: counted } = dropped(instance, event);
  return same(event.isAlive === true ? aliveInBackup(counted, nowMs) : counted);
}

function setPriority(instance: Instance, { priority }: EventOf<'priority'>): Step {
  return same({ ...instance, priority });
}

function setGate(instance: Instance, { waitingFor }: EventOf<'gate'>): Step {
  return same({ ...instance, waitingFor });
}

/**
 * One that may not take over lets a relay end, which is prepared anew when it may. A member that would, and only waits for the rest
 * of its sync group, no longer does: it listens on, an interval at a time.
 */
function gateInBackup(instance: Instance, event: EventOf<'gate'>, nowMs: number): Step {
  if (event.waitingFor === null) return setGate(instance, event);
  const { wantsMaster, masterDownAtMs, masterAdvertMs } = instance;
  const atMs = wantsMaster ? nowMs + masterAdvertMs : masterDownAtMs;
  return setGate({ ...instance, relay: null, wantsMaster: false, masterDownAtMs: atMs }, event);
}

/** Ours: something that it cannot do without is gone. A MASTER says so while it still can. */
function faults(instance: Instance, event: EventOf<'faults'>, nowMs: number): Step {
  const known: Instance = { ...instance, faults: event.faults };
  const isMaster = instance.state === 'MASTER';
  if (event.faults.length === 0) return isMaster ? mendedMaster(known) : same(known);
  const cause = event.faults.join(', ');
  const isStopping = instance.handingOver?.towards === 'INIT';
  if (isMaster && event.canServe) {
    if (isStopping) return same(known);
    return handOver(known, { towards: 'FAULT', cause, yielded: false, otherwise: 'let-go' }, nowMs);
  }
  const given = isMaster ? resign(known, nowMs) : letGo(known);
  return chain(given, (next) => rest(next, isStopping ? 'INIT' : 'FAULT', nowMs, cause));
}

function faultsInFault(instance: Instance, event: EventOf<'faults'>, nowMs: number): Step {
  const known: Instance = { ...instance, faults: event.faults };
  if (event.faults.length > 0) return same({ ...known, cause: event.faults.join(', ') });
  return becomeBackup(known, nowMs, `mended: ${instance.cause}`);
}
