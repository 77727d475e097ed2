/** Moves that wait while commands run: bounded, so that an instance that flaps does not put them off for ever. Pure. */
import type { Move } from './moves.ts';
import type { ServiceSubject } from './service-subject.ts';
import type { Subject, Told } from './subject.ts';

/** Of a virtual router, or of a service. */
export type AnyMove = Move<Subject | ServiceSubject>;

/** A failover there and back is four at most. */
export const MOST_WAITING = 8;

export interface Queued<M> {
  readonly waiting: readonly M[];
  /** States that will not be told. */
  readonly passedOver: readonly Told[];
}

/** @param last - what is being told, or was told last, before all that waits */
export function queued<M extends AnyMove>(waiting: readonly M[], move: M, last: Told | undefined): Queued<M> {
  if (waiting.length < MOST_WAITING) return { waiting: [...waiting, move], passedOver: [] };
  return collapsed([...waiting, move], last);
}

/** Only where it all ends counts, and not even that when it is where it began. */
export function collapsed<M extends AnyMove>(waiting: readonly M[], last: Told | undefined): Queued<M> {
  const move = waiting.at(-1);
  const kept = move === undefined || move.to === last ? [] : [move];
  return { waiting: kept, passedOver: waiting.slice(0, waiting.length - kept.length).map(({ to }) => to) };
}
