/** What VRRP instances may watch of services: whether anything of them is alive. */
import type { ProbePlan } from '../health/probe-plan.ts';
import type { Verdict } from '../health/verdict.ts';

/** A service is up while one of its realservers is, and unknown while that may still turn out. */
export function serviceTracking(
  { judged }: ProbePlan,
  judge: (probes: readonly string[]) => { readonly verdict: Verdict },
): Record<string, Verdict> {
  const rank = { down: 0, unknown: 1, up: 2 } as const;
  const services: Record<string, Verdict> = {};
  for (const { service, probes } of judged) {
    const { verdict } = judge(probes);
    const before = services[service];
    if (before === undefined || rank[verdict] > rank[before]) services[service] = verdict;
  }
  return services;
}
