/**
 * What a probe without a history starts from: what was known of those whom it judges, and at the start of the agent what the
 * kernel's table says of them. A restart of the agent, or a changed option of a check, must neither take a realserver out that
 * serves, nor bring one back that has failed.
 */
import { desiredTable } from '../balancer/desired.ts';
import type { Config } from '../config/config.ts';
import type { ProbePlan, ProbeSpec } from '../health/probe-plan.ts';
import { destinationKey, type ServiceEntry, serviceKey } from '../wire/ipvs.ts';
import type { Initial, Prober } from './prober.ts';

/** What the checks of a realserver, which may be others now, have said of it; undefined: it was not asked. */
export type Former = (service: string, realserver: string) => Omit<Initial, 'weight'> | undefined;

/** Of the probes that a prober has now: to be asked before it gets others. */
export function formerOf(prober: Pick<Prober, 'plan' | 'judge'>, nowMs: number): Former {
  const known = new Map(prober.plan.judged.map((one) => [keyOf(one.service, one.realserver), one.probes]));
  return (service, realserver) => {
    const probes = known.get(keyOf(service, realserver));
    if (probes === undefined) return undefined;
    const { verdict, sinceMs } = prober.judge(probes);
    return { verdict, forMs: probes.length === 0 ? 0 : nowMs - sinceMs };
  };
}

/** @param former - null: the agent has just started, and what is missing in a known service had failed; later it is new */
export function adopted(
  config: Config,
  { judged }: ProbePlan,
  kernel: readonly ServiceEntry[],
  former: Former | null,
): (spec: ProbeSpec) => Initial {
  const weights = kernelWeights(config, kernel);
  const afterMs = new Map(config.services.map(({ name, onFail }) => [name, onFail.afterMs]));
  const missingMs = (service: string): number | null => (former === null ? (afterMs.get(service) ?? 0) : null);
  const found = new Map<string, Initial>();
  for (const { service, realserver, probes } of judged) {
    const weight = weights.get(keyOf(service, realserver));
    const initial = asKnown(former?.(service, realserver), weight) ?? byWeight(weight, missingMs(service));
    if (initial === undefined) continue;
    for (const key of probes) found.set(key, better(found.get(key), initial));
  }
  return ({ key, check }) => {
    const { verdict, weight, forMs } = found.get(key) ?? { verdict: 'unknown', weight: null, forMs: 0 };
    const isSet = verdict === 'up' && check.kind === 'script' && check.setsWeight;
    return { verdict, weight: isSet && weight !== 0 ? weight : null, forMs };
  };
}

type Found = number | 'missing' | undefined;

function asKnown(known: ReturnType<Former>, weight: Found): Initial | undefined {
  if (known === undefined || known.verdict === 'unknown') return undefined;
  return { ...known, weight: typeof weight === 'number' ? weight : null };
}

/** @param missingMs - for how long what is missing has failed, at the least: `on_fail` has taken it out; null: it is new */
function byWeight(weight: Found, missingMs: number | null): Initial | undefined {
  if (weight === 'missing') return missingMs === null ? undefined : { verdict: 'down', weight: null, forMs: missingMs };
  return weight === undefined ? undefined : { verdict: weight > 0 ? 'up' : 'down', weight, forMs: 0 };
}

/** Of all whom a probe judges: one that serves anywhere is up, and the highest weight counts. */
function better(left: Initial | undefined, right: Initial): Initial {
  if (left === undefined || left.verdict !== right.verdict) return left?.verdict === 'up' ? left : right;
  return { ...right, weight: Math.max(left.weight ?? 0, right.weight ?? 0), forMs: Math.max(left.forMs, right.forMs) };
}

/** By service and realserver, of services that the kernel knows; the highest of all listeners. */
function kernelWeights(config: Config, kernel: readonly ServiceEntry[]): ReadonlyMap<string, number | 'missing'> {
  const entries = new Map(kernel.map((entry) => [serviceKey(entry.service.id), entry]));
  const found = new Map<string, number | 'missing'>();
  const judge = () => ({ verdict: 'up', forMs: 0 }) as const;
  const names = new Map(config.services.map(({ name, realservers }) => [name, realservers]));
  for (const { name, service, destinations } of desiredTable(config, { judge, overrides: [], wallMs: 0 })) {
    const entry = entries.get(serviceKey(service.id));
    if (entry === undefined) continue;
    const weights = weightsOf(entry);
    for (const [index, destination] of destinations.entries()) {
      const key = keyOf(name, names.get(name)?.[index]?.name ?? '');
      const before = found.get(key);
      const weight = weights.get(destinationKey(destination)) ?? 'missing';
      if (before === undefined || before === 'missing') found.set(key, weight);
      else if (weight !== 'missing') found.set(key, Math.max(before, weight));
    }
  }
  return found;
}

function weightsOf(entry: ServiceEntry): ReadonlyMap<string, number> {
  return new Map(entry.destinations.map(({ destination }) => [destinationKey(destination), destination.weight]));
}

function keyOf(service: string, realserver: string): string {
  return `${service}\n${realserver}`;
}
