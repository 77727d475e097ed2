/**
 * Holds: an instance that is not MASTER does not become it, whatever its timers say; one that is MASTER is not touched. Ours, no
 * RFC knows it. The supervisor tells all of them at once, so that what is missing from its word no longer holds, and each ends
 * by itself: a supervisor that has died holds nobody for ever. Pure.
 */
import type { Instance } from './instance.ts';
import { masterDownMs } from './intervals.ts';
import type { Standing } from './tracking.ts';

export interface Hold {
  /** null: every instance of this director. */
  readonly instance: string | null;
  /** What is waited for, as in "waits for …". */
  readonly reason: string;
  /** CLOCK_MONOTONIC ms, which both processes share; null: until it is no longer told. */
  readonly untilMs: number | null;
  /**
   * It ends too when nobody was heard for {@link ALONE} × master_down: an old configuration that serves is better than a new one
   * that does not. Without, it holds also an instance that hears nobody, because it does not understand the MASTER any more.
   */
  readonly endsAlone: boolean;
}

/** Silence, in master_downs, after which a held instance counts as the only one left. */
const ALONE = 3;

/** What the holds make of an instance's standing: what else it waits for is told once they have ended. A MASTER waits for nothing. */
export function heldStanding(standing: Standing, holds: readonly Hold[], instance: Instance, nowMs: number): Standing {
  if (instance.state === 'MASTER') return standing;
  const ends = holds
    .filter((hold) => hold.instance === null || hold.instance === instance.setup.name)
    .map((hold) => ({ reason: hold.reason, endsAtMs: endOf(hold, instance) }))
    .filter(({ endsAtMs }) => endsAtMs === null || nowMs < endsAtMs);
  if (ends.length === 0) return standing;
  const times = ends.flatMap(({ endsAtMs }) => endsAtMs ?? []);
  return {
    ...standing,
    waitingFor: [...new Set(ends.map(({ reason }) => reason))].join('; '),
    opensAtMs: times.length === 0 ? null : Math.min(...times),
  };
}

function endOf({ untilMs, endsAlone }: Hold, { setup, priority, masterAdvertMs, heardAtMs, sinceMs }: Instance) {
  if (!endsAlone) return untilMs;
  const aloneAtMs =
    Math.max(heardAtMs ?? sinceMs, sinceMs) + ALONE * masterDownMs(setup.version, priority, masterAdvertMs);
  return untilMs === null ? aloneAtMs : Math.min(untilMs, aloneAtMs);
}
