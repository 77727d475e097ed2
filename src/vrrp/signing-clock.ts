/**
 * The time that a sender writes into its signed advertisements. It must grow with each one, or receivers take it for a repetition,
 * and be near everybody's wall clock, or they take it for an old one. A wall clock that is set does neither. So this one runs with
 * the monotonic clock, which the next process of the same boot shares, and approaches the wall clock in steps that a receiver
 * follows (freshness.ts): forward by a quarter of its window with each advertisement, back by running at half speed. Pure.
 */
import { aheadMs, following, isAfter, sequenceAt } from './sequence.ts';

/** Nobody follows a sender that has said nothing for so long: the wall clock counts again. */
const IDLE_MS = 60_000;
/** Not made up for by running slowly: such a clock was wrong from the start. */
export const TOO_FAR_MS = 86_400_000;

export interface SigningClock {
  /** Epoch ms less CLOCK_MONOTONIC ms. */
  readonly offsetMs: number;
  /** When it was last asked, CLOCK_MONOTONIC ms. */
  readonly atMs: number;
  /** The last sequence it gave; null: by an earlier process. */
  readonly last: bigint | null;
}

export interface Moment {
  /** CLOCK_MONOTONIC. */
  readonly nowMs: number;
  /** Epoch ms. */
  readonly wallMs: number;
}

/** @param followed whether all receivers follow; else (keepalived) a time too far ahead of the wall clock is given up at once */
export function nextSequence(
  clock: SigningClock | undefined,
  { nowMs, wallMs }: Moment,
  windowMs: number,
  followed: boolean,
): { readonly clock: SigningClock; readonly sequence: bigint } {
  const offsetMs = offsetFor(clock, { nowMs, wallMs }, windowMs, followed);
  const timeMs = nowMs + offsetMs;
  const stamp = sequenceAt(timeMs);
  const last = clock?.last ?? null;
  // one that went so far back is out of everybody's window: to go on counting from there would not bring it in again
  const grows = last === null || isAfter(stamp, last) || aheadMs(last, timeMs) > windowMs;
  const sequence = grows ? stamp : following(last);
  return { clock: { offsetMs, atMs: nowMs, last: sequence }, sequence };
}

function offsetFor(
  clock: SigningClock | undefined,
  { nowMs, wallMs }: Moment,
  windowMs: number,
  followed: boolean,
): number {
  const ofWallMs = wallMs - nowMs;
  if (clock === undefined || nowMs < clock.atMs || nowMs - clock.atMs > IDLE_MS) return ofWallMs;
  const behindMs = ofWallMs - clock.offsetMs;
  if (behindMs >= 0) return clock.offsetMs + Math.min(behindMs, windowMs / 4);
  if (-behindMs > (followed ? TOO_FAR_MS : windowMs)) return ofWallMs;
  return clock.offsetMs - Math.min(-behindMs, (nowMs - clock.atMs) / 2);
}
