/**
 * The agent's configuration file: `{ generation, hash, self, config }`. The hash covers cluster-wide configuration only, so
 * that all directors report the same one; the generation is the provisioner's to count.
 */
import { canonicalJson } from '../config/canonical.ts';
import type { Config } from '../config/config.ts';

/** The members that do not depend on the generation, as JSON with sorted keys: equal configurations give equal text. */
export function agentConfigText(config: Config, self: string): string {
  return canonicalJson({ self, config: forAgents(config) });
}

/** What is hashed. */
export function hashedText(config: Config): string {
  return canonicalJson(forAgents(config));
}

/** The file, or the body of PUT /v1/config. */
export function agentConfigFile(text: string, hash: string, generation: number): string {
  return `${text.slice(0, -1)},"generation":${generation},"hash":${JSON.stringify(hash)}}\n`;
}

/** How lvsctl reaches hosts, and which, is no business of the agents: a changed SSH port must not touch them. */
function forAgents(config: Config): Config {
  return {
    ...config,
    ssh: {},
    inventory: null,
    directors: config.directors.map((director) => ({ ...director, ssh: {}, sysctl: {} })),
    realservers: config.realservers.map((realserver) => ({ ...realserver, ssh: {}, sysctl: {} })),
  };
}
