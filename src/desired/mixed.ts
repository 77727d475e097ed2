/**
 * A cluster in which some directors still run keepalived: for the agents of the others these are speakers that lvsctl does not
 * manage, as `peers` are. They hand over as the RFC has it, not as an agent does: their farewell means that they have let go.
 */
import type { Config } from '../config/config.ts';
import type { InstanceConfig } from '../config/instance.ts';

/** The configuration of the agents there. Where all run keepalived nobody is there to be told. */
export function mixedFor(config: Config, keepalived: readonly string[]): Config {
  const isAll = config.directors.every(({ name }) => keepalived.includes(name));
  if (keepalived.length === 0 || isAll) return config;
  return { ...config, instances: config.instances.map((instance) => mixed(instance, keepalived)) };
}

function mixed(instance: InstanceConfig, keepalived: readonly string[]): InstanceConfig {
  const foreign = instance.speakers.filter(({ director }) => keepalived.includes(director));
  const sources = foreign.flatMap(({ source }) => source ?? []);
  return {
    ...instance,
    speakers: instance.speakers.filter((one) => !foreign.includes(one)),
    foreignPeers: [...new Set([...instance.foreignPeers, ...sources])],
  };
}

/** Every configuration that an agent may have been given on the way: some of the others still run keepalived. */
export function mixturesFor(config: Config, director: string): Config[] {
  const others = config.directors.map(({ name }) => name).filter((name) => name !== director);
  const sets = Array.from({ length: Math.min(2 ** others.length, MOST_MIXTURES) }, (_, set) =>
    others.filter((_name, index) => (set >> index) & 1),
  );
  return sets.map((keepalived) => mixedFor(config, keepalived));
}

/** Six other directors. */
const MOST_MIXTURES = 64;
