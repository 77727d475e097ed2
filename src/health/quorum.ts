/**
 * Whether enough of a service lives, with hysteresis as keepalived has it (check/ipwrapper.c, update_quorum_state): lost when the
 * weights of living realservers sum up to nothing or to less than weight − hysteresis, regained from weight + hysteresis on; in
 * between it stays as it is. Other than there, a realserver that has not been judged yet loses no quorum. Pure.
 */
import type { ServiceConfig } from '../config/service.ts';
import type { LivingWeight } from './service-tracker.ts';

export type Quorum = 'up' | 'down' | 'unknown';

/** @param before - `unknown`: nothing was decided yet; then the first verdicts decide, and in between it counts as up */
export function quorumAfter(
  before: Quorum,
  { alive, undecided }: LivingWeight,
  { weight, hysteresis }: Pick<ServiceConfig['quorum'], 'weight' | 'hysteresis'>,
): Quorum {
  const most = alive + undecided;
  if (most === 0 || most < weight - hysteresis) return 'down';
  if (alive >= weight + hysteresis) return 'up';
  return before === 'unknown' && undecided === 0 ? 'up' : before;
}
