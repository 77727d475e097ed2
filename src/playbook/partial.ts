/**
 * Applying without a director that is not there (`--partial`): the others change, and it comes back held as BACKUP until a
 * later apply has given it the same (src/agent/exchange). One that answers and cannot be read is not absent: it may well serve.
 */
import type { HostPlan } from './plan.ts';

export function absentDirectors(plans: readonly HostPlan[]): HostPlan[] {
  return plans.filter(({ role, failure }) => role === 'director' && failure?.kind === 'unreachable');
}

/** A problem anywhere, a director that cannot be read, or none that is there: half a cluster is none. */
export function isStuck(plans: readonly HostPlan[], partial: boolean): boolean {
  const directors = plans.filter(({ role }) => role === 'director');
  const allowed = partial ? absentDirectors(plans) : [];
  const missing = directors.filter((plan) => plan.failure !== null && !allowed.includes(plan));
  const nobody = directors.length > 0 && directors.every(({ failure }) => failure !== null);
  return missing.length > 0 || nobody || plans.some(({ problems }) => problems.length > 0);
}

/** Whether --partial is all that is missing. */
export function wantsPartial(plans: readonly HostPlan[]): boolean {
  return isStuck(plans, false) && !isStuck(plans, true);
}
