/** Moves that wait while commands run: bounded, so that an instance that flaps does not put them off for ever. Pure. */
import type { Move } from './moves.ts';
import type { Told } from './subject.ts';

/** A failover there and back is four at most. */
export const MOST_WAITING = 8;

export interface Queued {
  readonly waiting: readonly Move[];
  /** States that will not be told. */
  readonly passedOver: readonly Told[];
}

/** @param last - what is being told, or was told last, before all that waits */
export function queued(waiting: readonly Move[], move: Move, last: Told | undefined): Queued {
  if (waiting.length < MOST_WAITING) return { waiting: [...waiting, move], passedOver: [] };
  return collapsed([...waiting, move], last);
}

/** Only where it all ends counts, and not even that when it is where it began. */
export function collapsed(waiting: readonly Move[], last: Told | undefined): Queued {
  const move = waiting.at(-1);
  const kept = move === undefined || move.to === last ? [] : [move];
  return { waiting: kept, passedOver: waiting.slice(0, waiting.length - kept.length).map(({ to }) => to) };
}
