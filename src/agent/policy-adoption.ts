/**
 * What a service starts from when the agent does: its slow starts go on from the weights in the kernel, and a sorry server that
 * serves is a quorum that was lost. Pure.
 */
import { type DesiredService, desiredTable, type Policy } from '../balancer/desired.ts';
import { servedMsOf } from '../balancer/slow-start.ts';
import type { ServiceConfig } from '../config/service.ts';
import type { Quorum } from '../health/quorum.ts';
import type { ServiceStanding } from '../health/service-standing.ts';
import { destinationKey, type ServiceEntry, serviceKey } from '../wire/ipvs.ts';

/** @param told - of its quorum, last; between its bounds that is what it was */
export function adoptedStanding(
  service: ServiceConfig,
  weights: KernelWeights,
  nowMs: number,
  told: Quorum,
): Partial<ServiceStanding> {
  const weightOf = ({ service: { id }, destinations }: DesiredService, index: number): number | undefined => {
    const destination = destinations[index];
    return destination && weights.get(`${serviceKey(id)} ${destinationKey(destination)}`);
  };
  const found = tableOf(service, false);
  const servingSince = service.realservers.flatMap(({ name, weight, checks }, index): [string, number][] => {
    const least = Math.min(...found.flatMap((one) => weightOf(one, index) ?? []));
    if (!Number.isFinite(least) || least === 0) return [];
    // A weight below the configured one that a check has set is no slow start.
    const isSet = checks.some((check) => check.kind === 'script' && check.setsWeight);
    return [[name, nowMs - servedMsOf(least, isSet ? least : weight, service.slowStartMs)]];
  });
  const sorryServes = service.sorry !== null && tableOf(service, true).some((one) => (weightOf(one, 0) ?? 0) > 0);
  return { quorum: sorryServes ? 'down' : told, sorryServes, servingSince: new Map(servingSince) };
}

/** All realservers in the order of the configuration; with `sorryServes` the sorry server before them. */
function tableOf(service: ServiceConfig, sorryServes: boolean): DesiredService[] {
  const policy: Policy = { isHeld: () => false, servedMs: () => Number.POSITIVE_INFINITY, sorryServes };
  const judge = () => ({ verdict: 'up', forMs: 0 }) as const;
  return desiredTable({ services: [service] }, { judge, policy: () => policy, overrides: [], wallMs: 0 });
}

/** By service and destination. */
type KernelWeights = ReadonlyMap<string, number>;

export function weightsIn(kernel: readonly ServiceEntry[]): KernelWeights {
  return new Map(
    kernel.flatMap(({ service: { id }, destinations }) =>
      destinations.map(
        ({ destination }) => [`${serviceKey(id)} ${destinationKey(destination)}`, destination.weight] as const,
      ),
    ),
  );
}
