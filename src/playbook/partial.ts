/**
 * Applying without a director that is not there (`--partial`): the others change, and it comes back held as BACKUP until a
 * later apply has given it the same (src/agent/exchange). One that answers and cannot be read is not absent: it may well serve.
 * One that still runs keepalived is as good as absent: it is left alone until it is migrated.
 */
import type { HostPlan } from './plan.ts';

export function absentDirectors(plans: readonly HostPlan[]): HostPlan[] {
  return plans.filter(
    ({ role, failure, unmanaged }) => role === 'director' && (failure?.kind === 'unreachable' || unmanaged),
  );
}

/** A problem anywhere, a director that cannot be read, or none that is there: half a cluster is none. */
export function isStuck(plans: readonly HostPlan[], partial: boolean): boolean {
  const directors = plans.filter(({ role }) => role === 'director');
  const allowed = partial ? absentDirectors(plans) : [];
  const missing = directors.filter((plan) => plan.failure !== null && !allowed.includes(plan));
  const nobody = directors.length > 0 && directors.every(({ failure, unmanaged }) => failure !== null || unmanaged);
  const stuck = plans.filter((plan) => plan.problems.length > 0 && !allowed.includes(plan));
  return missing.length > 0 || nobody || stuck.length > 0;
}

/** Whether --partial is all that is missing. */
export function wantsPartial(plans: readonly HostPlan[]): boolean {
  return isStuck(plans, false) && !isStuck(plans, true);
}
