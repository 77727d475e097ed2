/**
 * What VRRP instances may track of a service: whether enough of it lives. Enough is the weight of `quorum`, which is 1 unless
 * configured: with the usual weights, one realserver. A drain counts for nothing here: whoever drains does not want the address
 * to move. Pure.
 */
import type { ServiceConfig } from '../config/service.ts';
import type { Judged } from './probe-plan.ts';
import type { Verdict } from './verdict.ts';

/** Sums of weights as configured. */
export interface LivingWeight {
  readonly alive: number;
  /** Of realservers whose first verdict is not in. */
  readonly undecided: number;
}

/** Unknown while the first verdicts can still make it enough. */
export function enoughLives({ alive, undecided }: LivingWeight, needed: number): Verdict {
  if (alive >= needed) return 'up';
  return alive + undecided >= needed ? 'unknown' : 'down';
}

/**
 * @param judged - of this service; a realserver that is not among them yet is undecided
 * @param judge - the verdict over all checks of a realserver
 */
export function serviceTracker(
  { realservers, quorum }: Pick<ServiceConfig, 'realservers' | 'quorum'>,
  judged: readonly Judged[],
  judge: (probes: readonly string[]) => { readonly verdict: Verdict },
): Verdict {
  const probesOf = new Map(judged.map(({ realserver, probes }) => [realserver, probes]));
  const sums = { up: 0, down: 0, unknown: 0 };
  for (const { name, weight } of realservers) {
    const probes = probesOf.get(name);
    sums[probes === undefined ? 'unknown' : judge(probes).verdict] += weight;
  }
  return enoughLives({ alive: sums.up, undecided: sums.unknown }, quorum.weight);
}
