/**
 * The planned hand-over, make before break (ours; no RFC knows it). Priority 0 of a director means: "I serve until you
 * advertise; then I am a silent lame duck that still knows my connections".
 *
 * ```
 *   old MASTER                                  successor
 *   priority 0, each interval: serves on  ───▶  skew; meanwhile the relay for unknown connections is prepared
 *   addresses to the loopback, silent     ◀───  MASTER: advertises, announces
 *   lame duck, until its connections have ended or are known to the successor
 * ```
 *
 * A speaker that is no director of ours has let go when it sends priority 0, and relays nothing when it takes over: towards
 * it everything is as in the RFC, but for the addresses staying until it speaks.
 */
import type { Address } from '../wire/address.ts';
import type { EventOf, HandingOver, Instance, Step } from './instance.ts';
import { masterDownMs } from './intervals.ts';
import { isManaged, speaksAlone } from './others.ts';
import { becomeBackup, chain, letGo, resign, rest, same, send } from './transition.ts';

/** A relay is a rule and an entry in a table, which take a tenth of a second; on a busy host iptables alone took 1.6 s. */
export const RELAY_PATIENCE_MS = 3_000;
/** Long downloads and idle connections; whoever watches the table ends it earlier. */
const LAME_DUCK_MS = 600_000;
/** Nobody is left to end it but the kernel. */
const LAME_DUCK_AFTER_STOP_MS = 60_000;
/** Whoever stops the process waits for it; its unit allows twice as much. */
const LONGEST_STOP_MS = 5_000;

type Plan = Pick<HandingOver, 'towards' | 'cause' | 'yielded' | 'otherwise'>;

/** By when any other speaker would have taken over, even one that heard no priority 0 at all. */
export function handOverDeadlineMs({ setup }: Instance, nowMs: number): number {
  return nowMs + masterDownMs(setup.version, 1, setup.advertIntervalMs) + RELAY_PATIENCE_MS;
}

/** MASTER gives the role away and serves on meanwhile; where nobody else speaks there is nothing to wait for. */
export function handOver(instance: Instance, plan: Plan, nowMs: number): Step {
  if (speaksAlone(instance.setup))
    return chain(resign(instance, nowMs), (next) => arrive(next, plan, nowMs, plan.cause));
  return begin(instance, plan, handOverDeadlineMs(instance, nowMs), nowMs);
}

/** One that hands over already only gets another plan. */
function begin(instance: Instance, plan: Plan, byMs: number, nowMs: number): Step {
  const { setup, handingOver: before } = instance;
  const longestMs = plan.towards === 'INIT' ? nowMs + LONGEST_STOP_MS : Number.POSITIVE_INFINITY;
  const deadlineMs = Math.min(before?.deadlineMs ?? byMs, longestMs);
  const handingOver: HandingOver = { ...plan, sinceMs: before?.sinceMs ?? nowMs, deadlineMs };
  if (before !== null) return same({ ...instance, handingOver });
  const sent = send(instance, nowMs, 0);
  const { name, advertIntervalMs } = setup;
  return {
    instance: {
      ...sent.instance,
      handingOver,
      advertAtMs: nowMs + advertIntervalMs,
      announceAtMs: [],
      announceRefreshAtMs: null,
      reclaimAtMs: null,
    },
    effects: [...sent.effects, { type: 'hand-over', instance: name, outcome: 'begun', cause: plan.cause }],
  };
}

/** Asked for by a person: without anybody to take it, it stays. Who listens to a multicast group is not known. */
export function handOverMaster(instance: Instance, event: EventOf<'hand-over'>, nowMs: number): Step {
  const { cause, deadlineMs } = event;
  const { setup, handingOver } = instance;
  if (setup.transport === 'unicast' && speaksAlone(setup))
    return kept(instance, `nobody else speaks for it (${cause})`);
  if (handingOver !== null) return same(instance);
  return begin(instance, { towards: 'BACKUP', cause, yielded: true, otherwise: 'go-on' }, deadlineMs, nowMs);
}

/** The successor speaks: a director of ours relays what it does not know, another does not. */
export function yieldTo(instance: Instance, successor: Address, cause: string, nowMs: number): Step {
  const plan = instance.handingOver;
  const told = plan === null ? cause : `handed over (${plan.cause}): ${cause}`;
  const quiet = isManaged(instance.setup, successor) ? silence(instance, nowMs) : letGo(instance);
  return chain(
    chain(quiet, (next) => parting(next, nowMs)),
    (next) => arrive(next, plan, nowMs, told),
  );
}

/**
 * As keepalived's vrrp_higher_prio_send_advert: having let go of the addresses it says once more that it had them, or the winner
 * may never know that there were two, and leave neighbours believing the loser. One that handed over has said so.
 */
function parting(instance: Instance, nowMs: number): Step {
  return instance.handingOver === null ? send(instance, nowMs) : same(instance);
}

/** Another member of the sync group was told so by its successor. */
export function silenceMaster(instance: Instance, { cause }: EventOf<'silence'>, nowMs: number): Step {
  const given = instance.handingOver === null ? send(instance, nowMs, 0) : same(instance);
  return chain(
    chain(given, (next) => silence(next, nowMs)),
    (next) => arrive(next, next.handingOver, nowMs, cause),
  );
}

/** The deadline of the hand-over, or undefined while it is still to come. */
export function handOverEnded(instance: Instance, nowMs: number): Step | undefined {
  const plan = instance.handingOver;
  if (plan === null || nowMs < plan.deadlineMs) return undefined;
  const why = `nobody took it over within ${Math.round(nowMs - plan.sinceMs)} ms (${plan.cause})`;
  if (plan.otherwise === 'let-go') return chain(letGo(instance), (next) => arrive(next, plan, nowMs, why));
  return goOn(instance, why, nowMs);
}

function goOn(instance: Instance, why: string, nowMs: number): Step {
  const { advertIntervalMs, garp } = instance.setup;
  const announceRefreshAtMs = garp.refreshMs > 0 ? nowMs + garp.refreshMs : null;
  const next = { ...instance, handingOver: null, advertAtMs: nowMs + advertIntervalMs, announceRefreshAtMs };
  return chain(send(next, nowMs), (sent) => kept(sent, why));
}

/** Its sync group rises as a whole before anybody has taken this member over. */
export function goOnMaster(instance: Instance, { cause }: EventOf<'go-on'>, nowMs: number): Step {
  return instance.handingOver === null ? same(instance) : goOn(instance, cause, nowMs);
}

/** What went wrong is mended before anybody took over. */
export function mendedMaster(instance: Instance): Step {
  const plan = instance.handingOver;
  if (plan?.towards !== 'FAULT') return same(instance);
  // a sync group is not left half here, half there
  const otherwise = instance.setup.syncGroup === null ? 'go-on' : 'let-go';
  return same({ ...instance, handingOver: { ...plan, towards: 'BACKUP', otherwise } });
}

/** Where the way out of MASTER leads. */
export function arrive(
  instance: Instance,
  plan: Pick<HandingOver, 'towards' | 'yielded'> | null,
  nowMs: number,
  cause: string,
): Step {
  const towards = plan?.towards ?? 'BACKUP';
  if (towards === 'BACKUP') {
    return becomeBackup({ ...instance, yielded: plan?.yielded ?? instance.yielded }, nowMs, cause);
  }
  return rest(instance, towards, nowMs, towards === 'FAULT' ? instance.faults.join(', ') : cause);
}

function kept(instance: Instance, cause: string): Step {
  return {
    instance: { ...instance, cause: `still MASTER: ${cause}` },
    effects: [{ type: 'hand-over', instance: instance.setup.name, outcome: 'kept', cause }],
  };
}

function silence(instance: Instance, nowMs: number): Step {
  const isStopping = instance.handingOver?.towards === 'INIT';
  return onLoopback(instance, nowMs, isStopping ? LAME_DUCK_AFTER_STOP_MS : LAME_DUCK_MS);
}

/** A lame duck that stops leaves its addresses to the kernel, for a while. */
export function leaveToKernel(instance: Instance, nowMs: number): Step {
  if (instance.lameDuck === null) return same(instance);
  return onLoopback(instance, nowMs, Math.min(LAME_DUCK_AFTER_STOP_MS, instance.lameDuck.untilMs - nowMs));
}

function onLoopback(instance: Instance, nowMs: number, forMs: number): Step {
  const { name, addresses } = instance.setup;
  const lifetimeSeconds = Math.max(1, Math.ceil(forMs / 1000));
  return {
    instance: { ...instance, holdsAddresses: false, lameDuck: { untilMs: nowMs + forMs } },
    effects: [{ type: 'silence-addresses', instance: name, addresses, lifetimeSeconds }],
  };
}
