/**
 * What a probe without a history starts from: what the kernel's table says of those whom it judges. A restart of the agent, or a
 * changed option of a check, must not take a realserver out that serves.
 */
import { type DesiredService, desiredTable } from '../balancer/desired.ts';
import type { Config } from '../config/config.ts';
import type { ProbePlan, ProbeSpec } from '../health/probe-plan.ts';
import { destinationKey, type ServiceEntry, serviceKey } from '../wire/ipvs.ts';
import type { Initial } from './prober.ts';

/** @param moment - at the start, what is missing in a known service had failed; after a change it is new */
export function adopted(
  config: Config,
  { judged }: ProbePlan,
  kernel: readonly ServiceEntry[],
  moment: 'start' | 'change',
): (spec: ProbeSpec) => Initial {
  const seen = kernelWeights(config, kernel, moment);
  const weights = new Map<string, number>();
  for (const { service, realserver, probes } of judged) {
    const weight = seen.get(`${service}\n${realserver}`);
    if (weight === undefined) continue;
    for (const key of probes) weights.set(key, higher(weights.get(key), weight));
  }
  return ({ key, check }) => {
    const weight = weights.get(key);
    if (weight === undefined) return { verdict: 'unknown', weight: null };
    const isSet = weight > 0 && check.kind === 'script' && check.setsWeight;
    return { verdict: weight > 0 ? 'up' : 'down', weight: isSet ? weight : null };
  };
}

/** By service and realserver; one that serves at any listener is up. */
function kernelWeights(
  config: Config,
  kernel: readonly ServiceEntry[],
  moment: 'start' | 'change',
): ReadonlyMap<string, number> {
  const entries = new Map(kernel.map((entry) => [serviceKey(entry.service.id), entry]));
  const found = new Map<string, number>();
  const isKnown = ({ service }: DesiredService): boolean => entries.has(serviceKey(service.id));
  const judge = () => ({ verdict: 'up', forMs: 0 }) as const;
  const missing = moment === 'start' ? 0 : undefined;
  const known = desiredTable(config, { judge, overrides: [], wallMs: 0 }).filter(isKnown);
  for (const { name, service, destinations } of known) {
    const weights = weightsOf(entries.get(serviceKey(service.id)));
    const realservers = config.services.find((one) => one.name === name)?.realservers ?? [];
    for (const [index, destination] of destinations.entries()) {
      const key = `${name}\n${realservers[index]?.name}`;
      const weight = weights.get(destinationKey(destination)) ?? missing;
      if (weight !== undefined) found.set(key, higher(found.get(key), weight));
    }
  }
  return found;
}

function higher(left: number | undefined, right: number): number {
  return Math.max(left ?? 0, right);
}

function weightsOf(entry: ServiceEntry | undefined): ReadonlyMap<string, number> {
  return new Map(entry?.destinations.map(({ destination }) => [destinationKey(destination), destination.weight]));
}
