/**
 * The state of a tracked script: `fall` failures in a row make it down, `rise` successes up; while nothing is known the
 * first result decides alone, as keepalived's vrrp_script has it. Pure.
 */
import type { TrackScriptConfig } from '../config/instance.ts';
import type { Verdict } from './verdict.ts';

export interface TrackerStanding {
  readonly state: Verdict;
  /** Results in a row that speak against the state. */
  readonly against: number;
  /** By results; before that it is only what the configuration starts from, and says nothing against what was known before. */
  readonly isSettled: boolean;
}

export function afterRun(
  { state, against, isSettled }: TrackerStanding,
  { rise, fall }: Pick<TrackScriptConfig, 'rise' | 'fall'>,
  ok: boolean,
): TrackerStanding {
  const says = ok ? 'up' : 'down';
  if (state === says) return { state, against: 0, isSettled: true };
  const needed = state === 'unknown' ? 1 : ok ? rise : fall;
  return against + 1 >= needed
    ? { state: says, against: 0, isSettled: true }
    : { state, against: against + 1, isSettled };
}
