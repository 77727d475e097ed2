/** What speaks against taking realservers of a service to weight 0. Pure; sources: the kernel's schedulers (ip_vs_sh.c, ip_vs_mh.c, ip_vs_dh.c), measured. */
import type { ServiceConfig } from './service.ts';

/**
 * One sentence each; none: it may be drained.
 * @param leaving - names of realservers that get weight 0
 * @param serving - names of those that have a weight now, also of the leaving ones
 */
export function objectionsTo(
  service: ServiceConfig,
  leaving: ReadonlySet<string>,
  serving: ReadonlySet<string>,
): string[] {
  if (!service.realservers.some(({ name }) => leaving.has(name))) return [];
  return [...schedulerObjections(service), ...quorumObjections(service, leaving, serving)];
}

function schedulerObjections({ name, scheduler, schedulerFallback }: ServiceConfig): string[] {
  if (scheduler === 'dh')
    return [`${name} is scheduled by dh, which refuses all clients that it would send to a realserver at weight 0`];
  if ((scheduler !== 'sh' && scheduler !== 'mh') || schedulerFallback) return [];
  return [
    `${name} is scheduled by ${scheduler} without fallback, which refuses all clients of a realserver at weight 0`,
  ];
}

/** By configured weights: one that its slow start has not brought there yet will be there soon. */
function quorumObjections(
  { name, realservers, quorum }: ServiceConfig,
  leaving: ReadonlySet<string>,
  serving: ReadonlySet<string>,
): string[] {
  const now = realservers.filter((one) => serving.has(one.name));
  const rest = now.filter((one) => !leaving.has(one.name));
  if (rest.length === now.length) return [];
  const [before, after] = [weightOf(now), weightOf(rest)];
  if (after >= quorum.weight) return [];
  return [`${name} would keep weight ${after} of ${before}, and its quorum is ${quorum.weight}`];
}

function weightOf(realservers: ServiceConfig['realservers']): number {
  return realservers.reduce((sum, { weight }) => sum + weight, 0);
}
