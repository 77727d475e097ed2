/** Where a hand-over that was asked for stands, from one look at the old MASTER's state to the next. Pure. */
import type { InstanceState } from './state.ts';

export interface HandOverWatch {
  /** It has been seen to hand over. */
  readonly hasBegun: boolean;
  readonly outcome: 'waiting' | 'given' | 'kept';
}

/** An agent that has not begun by then never will. */
const BEGINS_WITHIN_MS = 3_000;

export const NEW_HAND_OVER: HandOverWatch = { hasBegun: false, outcome: 'waiting' };

/** @param sinceMs - how long ago it was asked for */
export function watchHandOver(before: HandOverWatch, instance: InstanceState, sinceMs: number): HandOverWatch {
  if (instance.state !== 'MASTER') return { hasBegun: true, outcome: 'given' };
  if (instance.handingOver !== undefined) return { hasBegun: true, outcome: 'waiting' };
  const isOver = before.hasBegun || sinceMs >= BEGINS_WITHIN_MS;
  return { hasBegun: before.hasBegun, outcome: isOver ? 'kept' : 'waiting' };
}
