/**
 * The successor's half of the planned hand-over (hand-over.ts): before it takes over from a director that serves on, packets
 * of connections that only that one knows must find their way to it. The supervisor prepares this; it is waited for while
 * waiting costs nothing.
 */
import type { Address } from '../wire/address.ts';
import { RELAY_PATIENCE_MS } from './hand-over.ts';
import type { EventOf, Instance, Step } from './instance.ts';
import { isManaged } from './others.ts';
import { downMs, same } from './transition.ts';

/** @param dueMs when it takes over from a MASTER that hands over; null: it is to be pre-empted when the timer says so. */
export function prepareRelay(instance: Instance, to: Address, dueMs: number | null, nowMs: number): Step {
  const { setup, relay } = instance;
  if (!isManaged(setup, to)) return same(instance);
  const handsOver = dueMs !== null;
  if (relay?.to === to) {
    if (!handsOver) return same(instance);
    return same({ ...instance, relay: { ...relay, handsOver, dueMs } });
  }
  const patienceEndsMs = nowMs + RELAY_PATIENCE_MS;
  return {
    instance: { ...instance, relay: { to, handsOver, isReady: false, patienceEndsMs, dueMs } },
    effects: [{ type: 'prepare-relay', instance: setup.name, to }],
  };
}

/** @returns until when, or undefined: it is not waited for, or no longer. */
export function awaitsRelayUntil(instance: Instance, nowMs: number): number | undefined {
  const { relay, heardAtMs } = instance;
  if (relay === null || relay.isReady) return undefined;
  // it speaks each interval while it serves: one that has gone silent has died
  const diesMs = (heardAtMs ?? nowMs) + downMs(instance);
  const untilMs = Math.min(relay.patienceEndsMs, diesMs);
  return nowMs < untilMs ? untilMs : undefined;
}

/** The Active_Down_Timer fired at `firedMs`: it is looked at again at `untilMs`, or when the relay is ready. */
export function awaitRelay(instance: Instance, firedMs: number, untilMs: number): Step {
  const { relay } = instance;
  if (relay === null) return same(instance);
  return same({ ...instance, masterDownAtMs: untilMs, relay: { ...relay, dueMs: relay.dueMs ?? firedMs } });
}

export function relayReady(instance: Instance, _event: EventOf<'relay-ready'>, nowMs: number): Step {
  const { relay, masterDownAtMs } = instance;
  if (relay === null) return same(instance);
  const isDelayed = masterDownAtMs !== null && relay.dueMs !== null && masterDownAtMs > relay.dueMs;
  return same({
    ...instance,
    relay: { ...relay, isReady: true },
    masterDownAtMs: isDelayed ? Math.max(nowMs, relay.dueMs) : masterDownAtMs,
  });
}
