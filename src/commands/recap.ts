/** A host's line of PLAY RECAP from what was planned and what was done there. */
import type { HostRecap } from '../output/recap.ts';
import type { HostPlan } from '../playbook/plan.ts';
import type { HostRun } from '../playbook/run.ts';

/** `ok` counts reading the facts and every operation that ended well, changed or not; `skipped` those without need. */
export function recapOf(plan: HostPlan, run: HostRun | undefined): HostRecap {
  const failure = run?.failure ?? plan.failure;
  const unreachable = failure?.kind === 'unreachable' || failure?.kind === 'refused';
  return {
    host: plan.host,
    ok: run?.ok ?? (plan.failure === null ? 1 : 0),
    changed: run?.changed ?? 0,
    unreachable: unreachable ? 1 : 0,
    failed: failure?.kind === 'failed' || (failure === null && plan.problems.length > 0) ? 1 : 0,
    skipped: Object.keys(plan.reasons).length,
    rescued: 0,
    ignored: 0,
  };
}
