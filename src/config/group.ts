/**
 * A sync group moves as a whole, so what moves one of its members moves all: weights that one member tracks count for the
 * others too, and the group pre-empts as soon as one member shall. A fault needs no such rule: of one it is of all anyway.
 */
import type { Config } from './config.ts';
import type { InstanceConfig } from './instance.ts';

type Groups = Pick<Config, 'instances' | 'syncGroups'>;

/** The other members of its sync group; none if it is in none. */
export function companionsOf({ instances, syncGroups }: Groups, { name }: InstanceConfig): InstanceConfig[] {
  const members = syncGroups.find((group) => group.members.includes(name))?.members ?? [];
  return instances.filter((one) => one.name !== name && members.includes(one.name));
}

/** The instance as it acts within its group. */
export function inGroup(config: Groups, instance: InstanceConfig): InstanceConfig {
  const companions = companionsOf(config, instance);
  if (companions.length === 0) return instance;
  const preempting = [instance, ...companions].filter(({ preempt }) => preempt);
  const { interfaces, scripts, services, files } = instance.track;
  const theirs = companions.map(({ track }) => track);
  return {
    ...instance,
    preempt: preempting.length > 0,
    // whoever wants to wait longest is waited for
    preemptDelayMs: Math.max(0, ...(preempting.length > 0 ? preempting : [instance]).map((one) => one.preemptDelayMs)),
    track: {
      interfaces: added(
        interfaces,
        theirs.flatMap((track) => track.interfaces),
        ({ name }) => name,
      ),
      scripts: added(
        scripts,
        theirs.flatMap((track) => track.scripts),
        ({ name }) => name,
      ),
      services: added(
        services,
        theirs.flatMap((track) => track.services),
        ({ name }) => name,
      ),
      files: added(
        files,
        theirs.flatMap((track) => track.files),
        ({ path }) => path,
      ),
    },
  };
}

/** Its own first; of the others those with a weight that it does not have itself, each once. */
function added<T extends { readonly weight: number }>(
  own: readonly T[],
  others: readonly T[],
  nameOf: (one: T) => string,
): readonly T[] {
  const weighing = new Map(others.filter(({ weight }) => weight !== 0).map((one) => [nameOf(one), one]));
  for (const one of own) weighing.delete(nameOf(one));
  return [...own, ...weighing.values()];
}
