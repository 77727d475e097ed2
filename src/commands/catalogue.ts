/**
 * Every command by name, with its one-line summary; a command's module is loaded only when it runs, so that `--help`
 * costs no parser, no SSH and no terminal library.
 */
import type { Command } from 'commander';

export interface CatalogueEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const CATALOGUE: readonly CatalogueEntry[] = [
  {
    name: 'init',
    summary: 'write a commented topology and inventory to start from',
    load: async () => (await import('./init.ts')).initCommand(),
  },
  {
    name: 'validate',
    summary: 'check a topology: every error, with file, line and column',
    load: async () => (await import('./validate.ts')).validateCommand(),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of topologies, for editors',
    load: async () => (await import('./schema.ts')).schemaCommand(),
  },
  {
    name: 'explain',
    summary: "print a topology key's meaning, default and reason",
    load: async () => (await import('./explain.ts')).explainCommand(),
  },
  {
    name: 'import',
    summary: 'make a topology of keepalived.conf, and tell what it does not carry',
    load: async () => (await import('./import.ts')).importCommand(),
  },
  {
    name: 'plan',
    summary: 'show what apply would change on each host',
    load: async () => (await import('./plan.ts')).planCommand(),
  },
  {
    name: 'apply',
    summary: 'make the hosts what the topology says',
    load: async () => (await import('./apply.ts')).applyCommand(),
  },
  {
    name: 'migrate',
    summary: 'from keepalived to lvs-agent on one director, and back',
    load: async () => (await import('./migrate.ts')).migrateCommand(),
  },
  {
    name: 'status',
    summary: 'print VRRP states and IPVS tables of all directors',
    load: async () => (await import('./status.ts')).statusCommand(),
  },
  {
    name: 'failover',
    summary: 'hand VRRP roles over to another director, without losing a connection',
    load: async () => (await import('./failover.ts')).failoverCommand(),
  },
  {
    name: 'drain',
    summary: 'take realservers out, at every director, without cutting a connection',
    load: async () => (await import('./drain.ts')).drainCommand(),
  },
  {
    name: 'undrain',
    summary: 'give drained realservers their weight back',
    load: async () => (await import('./undrain.ts')).undrainCommand(),
  },
  {
    name: 'lab',
    summary: 'boot and break a real cluster of virtual machines on this one',
    load: async () => (await import('./lab.ts')).labCommand(),
  },
];
