/** What an instance tracks, in words. */
import type { TrackerState } from './state.ts';

/** Why the priority is lower than it could be: `script nginx is down (weight −20)`. */
export function loweredBy(trackers: readonly TrackerState[]): string[] {
  return trackers
    .filter(({ isDown, weight }) => isDown && weight !== 0)
    .map(({ kind, name, state, weight }) => {
      const signed = `${weight < 0 ? '−' : '+'}${Math.abs(weight)}`;
      return `${kind} ${name} ${stateText(kind, state)} (weight ${signed})`;
    });
}

function stateText(kind: TrackerState['kind'], state: TrackerState['state']): string {
  if (kind !== 'file' || state === 'unknown') return `is ${state}`;
  return state === 'down' ? 'exists' : 'does not exist';
}

/** Of one that counts as down: a sentence for the operator. */
export function trackerAlarm(tracker: TrackerState): string[] {
  const { kind, name, state, isDown, error } = tracker;
  if (!isDown) return [];
  const why = error === null ? '' : `: ${error}`;
  const reversed = state === 'up' ? ', which counts as down' : '';
  return [`${kind} ${name} ${stateText(kind, state)}${reversed}${why}`];
}
