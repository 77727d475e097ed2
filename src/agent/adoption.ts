/**
 * What a probe without a history starts from: what the kernel's table says of those whom it judges. A restart of the agent, or a
 * changed option of a check, must not take a realserver out that serves.
 */
import { type DesiredService, desiredTable } from '../balancer/desired.ts';
import type { Config } from '../config/config.ts';
import type { ProbePlan } from '../health/probe-plan.ts';
import type { Verdict } from '../health/verdict.ts';
import { destinationKey, type ServiceEntry, serviceKey } from '../wire/ipvs.ts';

/** @param moment - at the start, what is missing in a known service had failed; after a change it is new */
export function adoptedVerdicts(
  config: Config,
  { judged }: ProbePlan,
  kernel: readonly ServiceEntry[],
  moment: 'start' | 'change',
): ReadonlyMap<string, Verdict> {
  const seen = kernelVerdicts(config, kernel, moment);
  const verdicts = new Map<string, Verdict>();
  for (const { service, realserver, probes } of judged) {
    const verdict = seen.get(`${service}\n${realserver}`);
    if (verdict === undefined) continue;
    for (const key of probes) verdicts.set(key, better(verdicts.get(key), verdict));
  }
  return verdicts;
}

/** By service and realserver; one that serves at any listener is up. */
function kernelVerdicts(
  config: Config,
  kernel: readonly ServiceEntry[],
  moment: 'start' | 'change',
): ReadonlyMap<string, Verdict> {
  const entries = new Map(kernel.map((entry) => [serviceKey(entry.service.id), entry]));
  const verdicts = new Map<string, Verdict>();
  const isKnown = ({ service }: DesiredService): boolean => entries.has(serviceKey(service.id));
  const judge = (): { verdict: Verdict; forMs: number } => ({ verdict: 'up', forMs: 0 });
  const missing = moment === 'start' ? 0 : undefined;
  const adopted = desiredTable(config, { judge, overrides: [], wallMs: 0 }).filter(isKnown);
  for (const { name, service, destinations } of adopted) {
    const weights = weightsOf(entries.get(serviceKey(service.id)));
    const realservers = config.services.find((one) => one.name === name)?.realservers ?? [];
    for (const [index, destination] of destinations.entries()) {
      const key = `${name}\n${realservers[index]?.name}`;
      const weight = weights.get(destinationKey(destination)) ?? missing;
      if (weight !== undefined) verdicts.set(key, better(verdicts.get(key), weight > 0 ? 'up' : 'down'));
    }
  }
  return verdicts;
}

function better(left: Verdict | undefined, right: Verdict): Verdict {
  return left === 'up' ? left : right;
}

function weightsOf(entry: ServiceEntry | undefined): ReadonlyMap<string, number> {
  return new Map(entry?.destinations.map(({ destination }) => [destinationKey(destination), destination.weight]));
}
