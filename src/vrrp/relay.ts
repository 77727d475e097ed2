/**
 * The successor's half of the planned hand-over (hand-over.ts): before it takes over from a director that serves on, packets
 * of connections that only that one knows must find their way to it. The supervisor prepares this; it is waited for while
 * waiting costs nothing.
 */
import type { Address } from '../wire/address.ts';
import { RELAY_PATIENCE_MS } from './hand-over.ts';
import type { EventOf, Instance, Step } from './instance.ts';
import { same } from './transition.ts';

/** @param dueMs when it takes over from a MASTER that hands over; null: it is to be pre-empted when the timer says so. */
export function prepareRelay(instance: Instance, to: Address, dueMs: number | null, nowMs: number): Step {
  const { setup, relay } = instance;
  if (!setup.managed.includes(to)) return same(instance);
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

export function awaitsRelay({ relay }: Instance, nowMs: number): boolean {
  return relay !== null && !relay.isReady && nowMs < relay.patienceEndsMs;
}

/** The Active_Down_Timer fired at `dueMs`: it is looked at again when patience ends, or the relay is ready. */
export function awaitRelay(instance: Instance, dueMs: number): Step {
  const { relay } = instance;
  if (relay === null) return same(instance);
  return same({ ...instance, masterDownAtMs: relay.patienceEndsMs, relay: { ...relay, dueMs } });
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
