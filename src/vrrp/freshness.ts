/**
 * Whether a signed advertisement is fresh, or an old one that somebody sends again. What a sender said last is remembered, and
 * nothing counts that does not come after it. How old the first may be is told by our own wall clock; from then on the sender's
 * time is followed by the monotonic clock, so that neither side's wall clock, set by whatever amount, makes us deaf to a MASTER
 * that is alive. Pure.
 */
import { aheadMs, isAfter, sequenceAt } from './sequence.ts';
import { type Moment, TOO_FAR_MS } from './signing-clock.ts';

/** What is known of one sender. */
export interface Sender {
  /** Of the last advertisement that counted; null: none has. */
  readonly mark: bigint | null;
  /** Its time less our monotonic one, ms, by then. */
  readonly offsetMs: number;
  /** When that was, CLOCK_MONOTONIC ms. */
  readonly heardMs: number;
  /** Of the last one that was too old or too new, if any. */
  readonly stale: bigint | null;
}

export interface Tolerance {
  /** How far a time may be from ours. */
  readonly windowMs: number;
  /** Between two advertisements of a sender that is alive. */
  readonly intervalMs: number;
  /** How far a sender's time must have been ahead of our wall clock before it may go back: see {@link setBackMs}. */
  readonly setBackMs: number;
}

/**
 * Directors of ours go back only by a day and more (signing-clock.ts), and half of that is asked of them: whoever repeats what he
 * overheard of one whose clock was ahead has nothing as old. keepalived goes back whenever its time is out of the window, and
 * receivers of its kind believe it then.
 * @param followed whether all senders are directors of ours
 */
export function setBackMs(followed: boolean, windowMs: number): number {
  return followed ? TOO_FAR_MS / 2 : windowMs;
}

export type Freshness =
  | { readonly fresh: true; readonly sender: Sender /** Of its time from our wall clock. */; readonly aheadMs: number }
  | {
      readonly fresh: false;
      readonly reason: 'hmac-stale' | 'hmac-replayed';
      /** Nobody can have heard it before: it is of somebody who has the key now, whatever its clock says. */
      readonly isAlive: boolean;
      readonly sender: Sender | undefined;
    };

/** @param sequence of an advertisement whose signature is right */
export function freshnessOf(
  sender: Sender | undefined,
  sequence: bigint,
  moment: Moment,
  tolerance: Tolerance,
): Freshness {
  const { nowMs, wallMs } = moment;
  const isWithin = (one: bigint, epochMs: number): boolean => Math.abs(aheadMs(one, epochMs)) <= tolerance.windowMs;
  const mark = sender?.mark ?? null;
  const isNew = mark === null || isAfter(sequence, mark);
  const isExpected = sender !== undefined && mark !== null && isWithin(sequence, nowMs + sender.offsetMs);
  const isNow = isWithin(sequence, wallMs);
  const counts = isNew ? isNow || isExpected : isNow && wasSetBack(sender, moment, tolerance);
  if (counts) return { fresh: true, sender: senderAt(sequence, moment), aheadMs: aheadMs(sequence, wallMs) };
  if (!isNew) return { fresh: false, reason: 'hmac-replayed', isAlive: false, sender };
  const isAlive = sender?.stale === undefined || sender.stale === null || isAfter(sequence, sender.stale);
  const known = sender ?? { mark: null, offsetMs: 0, heardMs: nowMs, stale: null };
  return {
    fresh: false,
    reason: 'hmac-stale',
    isAlive,
    sender: isAlive ? { ...known, stale: sequence } : known,
  };
}

/** As an earlier process of this boot left it: nothing counts that was sent before. @param atMs CLOCK_MONOTONIC ms by then */
export function senderFrom(offsetMs: number, atMs: number): Sender {
  return { mark: sequenceAt(atMs + offsetMs), offsetMs, heardMs: atMs, stale: null };
}

/**
 * A sender's clock was far ahead, and was set (signing-clock.ts, and keepalived since 2.4.3): what it says now is of today, what it
 * said last is not, and it has stopped saying that.
 */
function wasSetBack(sender: Sender | undefined, { nowMs, wallMs }: Moment, tolerance: Tolerance): boolean {
  if (sender === undefined || sender.mark === null) return false;
  const isFar = aheadMs(sender.mark, wallMs) > tolerance.setBackMs;
  return isFar && nowMs - sender.heardMs >= 1.5 * tolerance.intervalMs;
}

function senderAt(sequence: bigint, { nowMs, wallMs }: Moment): Sender {
  return { mark: sequence, offsetMs: wallMs + aheadMs(sequence, wallMs) - nowMs, heardMs: nowMs, stale: null };
}
