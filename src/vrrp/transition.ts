/** The moves between states, each with the actions that the RFC ties to it; machine.ts says when they are made. */
import type { Address } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';
import type { Effect, Instance, InstanceStateName, Step } from './instance.ts';
import { addressLifetimeSeconds, addressRefreshMs, masterDownMs } from './intervals.ts';

/** Every timer of the MASTER state off. */
const MASTER_TIMERS_OFF = {
  advertAtMs: null,
  lastAdvertMs: null,
  addressRefreshAtMs: null,
  announceAtMs: [],
  announceRefreshAtMs: null,
  reclaimedMs: null,
  reclaimAtMs: null,
  handingOver: null,
  relay: null,
} as const;

/** The director that was MASTER until now answers for the addresses until it hears us, a moment later: this round is after it. */
const AFTER_SILENCE_MS = 250;

export function advertisementOf(instance: Instance, priority = instance.priority): Advertisement {
  const { setup } = instance;
  const { version, vrid, advertised: addresses, advertIntervalMs, password } = setup;
  const simple = password === null ? { type: 0, data: '' } : { type: 1, data: password };
  return { version, vrid, priority, addresses, advertIntervalMs, authentication: version === 2 ? simple : null };
}

/** Sends an advertisement; priority 0 gives the role away. */
export function send(instance: Instance, nowMs: number, priority = instance.priority): Step {
  const { name, interface: on, advertIntervalMs: toldIntervalMs } = instance.setup;
  return {
    instance: { ...instance, lastAdvertMs: nowMs, toldIntervalMs, advertsSent: instance.advertsSent + 1 },
    effects: [{ type: 'send', instance: name, interface: on, advertisement: advertisementOf(instance, priority) }],
  };
}

/** RFC 9568 section 6.4.2: advertise, take the addresses, announce them, set the Adver_Timer. */
export function becomeMaster(instance: Instance, nowMs: number, cause: string): Step {
  const { garp } = instance.setup;
  const sent = send(instance, nowMs);
  const again = Array.from({ length: garp.again }, () => nowMs + garp.againAfterMs);
  const afterSilence = instance.relay === null || garp.count === 0 ? [] : [nowMs + AFTER_SILENCE_MS];
  const announceAtMs = [...afterSilence, ...again].sort((a, b) => a - b);
  return {
    instance: enter({ ...holding(sent.instance, nowMs), announceAtMs }, 'MASTER', nowMs, cause),
    effects: [
      ...sent.effects,
      ...takeBack(instance),
      announce(instance, garp.count),
      transition(instance, 'MASTER', cause),
    ],
  };
}

/** The process was restarted and its addresses were renewed just now: it goes on as MASTER, and nobody else notices. */
export function adoptMaster(instance: Instance, nowMs: number): Step {
  const sent = send(instance, nowMs);
  return {
    instance: enter(holding(sent.instance, nowMs), 'MASTER', nowMs, 'adopted: its addresses were renewed just before'),
    effects: [...sent.effects, ...takeBack(instance)],
  };
}

/** Timers of a MASTER from `nowMs` on. */
function holding(instance: Instance, nowMs: number): Instance {
  const { advertIntervalMs, garp } = instance.setup;
  return {
    ...instance,
    masterAdvertMs: advertIntervalMs,
    master: null,
    masterDownAtMs: null,
    wantsMaster: false,
    yielded: false,
    preemptFromMs: null,
    holdsAddresses: true,
    lameDuck: null,
    relay: null,
    advertAtMs: nowMs + advertIntervalMs,
    addressRefreshAtMs: nowMs + addressRefreshMs(advertIntervalMs),
    announceRefreshAtMs: garp.refreshMs > 0 ? nowMs + garp.refreshMs : null,
  };
}

/**
 * BACKUP with the Active_Down_Timer set (RFC 9568 section 6.4.1 and 6.4.3).
 * @param waitMs a shorter wait than a whole master_down, for addresses left over by a process that died.
 */
export function becomeBackup(instance: Instance, nowMs: number, cause: string, waitMs?: number): Step {
  const next: Instance = {
    ...instance,
    ...MASTER_TIMERS_OFF,
    wantsMaster: false,
    masterDownAtMs: nowMs + (waitMs ?? downMs(instance)),
  };
  return { instance: enter(next, 'BACKUP', nowMs, cause), effects: [transition(instance, 'BACKUP', cause)] };
}

/** MASTER gives the role away itself: priority 0 first, so that the others need only wait their skew. */
export function resign(instance: Instance, nowMs: number): Step {
  return chain(send(instance, nowMs, 0), letGo);
}

/** Deletes the addresses if they may be there. */
export function letGo(instance: Instance): Step {
  if (!instance.holdsAddresses) return { instance, effects: [] };
  const { name, addresses } = instance.setup;
  return {
    instance: { ...instance, holdsAddresses: false },
    effects: [{ type: 'delete-addresses', instance: name, addresses }],
  };
}

/** FAULT and INIT: no timer runs. */
export function rest(instance: Instance, state: 'FAULT' | 'INIT', nowMs: number, cause: string): Step {
  const next: Instance = {
    ...instance,
    ...MASTER_TIMERS_OFF,
    wantsMaster: false,
    masterDownAtMs: null,
    preemptFromMs: null,
    master: null,
    masterAdvertMs: instance.setup.advertIntervalMs,
  };
  return { instance: enter(next, state, nowMs, cause), effects: [transition(instance, state, cause)] };
}

/** The addresses on their interfaces, and then no longer on the loopback. */
function takeBack(instance: Instance): Effect[] {
  const { name, addresses } = instance.setup;
  const added: Effect = {
    type: 'add-addresses',
    instance: name,
    addresses,
    lifetimeSeconds: lifetimeSeconds(instance),
  };
  return [added, ...endLameDuck(instance).effects];
}

/** The addresses go from the loopback, if they are there. */
export function endLameDuck(instance: Instance): Step {
  if (instance.lameDuck === null) return same(instance);
  const { name, addresses } = instance.setup;
  return {
    instance: { ...instance, lameDuck: null },
    effects: [{ type: 'unsilence-addresses', instance: name, addresses }],
  };
}

export function announce(instance: Instance, rounds: number, only?: readonly Address[]): Effect {
  const { name, addresses, garp } = instance.setup;
  const chosen = only === undefined ? addresses : addresses.filter(({ address }) => only.includes(address));
  return { type: 'announce', instance: name, addresses: chosen, rounds, intervalMs: garp.intervalMs };
}

export function lifetimeSeconds({ setup, priority }: Instance): number {
  return addressLifetimeSeconds(masterDownMs(setup.version, priority, setup.advertIntervalMs));
}

/** master_down with the interval of the MASTER heard last. */
export function downMs({ setup, priority, masterAdvertMs }: Instance): number {
  return masterDownMs(setup.version, priority, masterAdvertMs);
}

/** Nothing to be done. */
export function same(instance: Instance): Step {
  return { instance, effects: [] };
}

/** One step after another: the effects in order. */
export function chain(first: Step, next: (instance: Instance) => Step): Step {
  const second = next(first.instance);
  return { instance: second.instance, effects: [...first.effects, ...second.effects] };
}

function enter(instance: Instance, state: InstanceStateName, nowMs: number, cause: string): Instance {
  return { ...instance, state, sinceMs: nowMs, cause, transitions: instance.transitions + 1 };
}

function transition(from: Instance, to: InstanceStateName, cause: string): Effect {
  return { type: 'transition', instance: from.setup.name, from: from.state, to, cause };
}
