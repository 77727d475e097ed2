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
}

export function afterRun(
  { state, against }: TrackerStanding,
  { rise, fall }: Pick<TrackScriptConfig, 'rise' | 'fall'>,
  ok: boolean,
): TrackerStanding {
  const says = ok ? 'up' : 'down';
  if (state === says) return { state, against: 0 };
  const needed = state === 'unknown' ? 1 : ok ? rise : fall;
  return against + 1 >= needed ? { state: says, against: 0 } : { state, against: against + 1 };
}
