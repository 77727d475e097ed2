/** The hosts of a topology with their connection settings: the topology, and the inventory of -i or of the topology. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { Config } from '../config/config.ts';
import type { Host, Inventory } from '../inventory/host.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { resolveHosts } from '../inventory/resolve-hosts.ts';
import { Failure } from '../output/failure.ts';
import { createOutput } from '../output/output.ts';
import { invalid, reasonOf, type TopologyOptions } from './topology.ts';

export interface HostOptions extends TopologyOptions {
  /** -i */
  readonly inventory?: string | undefined;
}

/** @throws Failure 5 when the inventory cannot be read or is wrong; its problems go to stderr. */
export async function readHosts(config: Config, options: HostOptions): Promise<Host[]> {
  const file = options.inventory ?? config.inventory;
  return resolveHosts(config, file === null ? null : await readInventory(file, options));
}

/** @throws Failure 5 */
export async function readInventory(file: string, options: HostOptions): Promise<Inventory> {
  const path = file.replace(/^~(?=\/|$)/, homedir());
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Failure(5, `the inventory ${file} cannot be read: ${reasonOf(error)}`, [], { cause: error });
  });
  const loaded = loadInventory(text, file);
  if ('problems' in loaded) throw invalid(file, loaded.problems, createOutput(options));
  return loaded.inventory;
}
