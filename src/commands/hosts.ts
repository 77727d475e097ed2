/** Names → connections: topology and inventory say what they know, ssh_config and OpenSSH's defaults the rest. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import type { Inventory } from '../inventory/host.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { resolveHosts } from '../inventory/resolve-hosts.ts';
import { Failure } from '../output/failure.ts';
import { createOutput, type GlobalOptions } from '../output/output.ts';
import type { HostConnection } from '../ssh/connection.ts';
import { resolveHost } from '../ssh/resolve-host.ts';
import { readSurroundings } from '../ssh/surroundings.ts';
import { invalid } from './topology.ts';

export interface InventoryOptions extends GlobalOptions {
  /** -i; else the topology's own `inventory`, else none. */
  readonly inventory?: string | undefined;
}

/** @throws Failure 5 for an inventory that cannot be read or is wrong; ConnectionFailure for settings that cannot be used. */
export async function hostConnections(
  config: Config,
  options: InventoryOptions,
): Promise<ReadonlyMap<string, HostConnection>> {
  const file = options.inventory ?? config.inventory;
  const inventory = file === null ? null : await readInventory(file, options);
  const around = readSurroundings();
  const own = new Map([
    ...config.realservers.flatMap(({ name, rips }) => rips.slice(0, 1).map((rip) => [name, rip] as const)),
    ...config.directors.flatMap(({ name, dips }) => dips.slice(0, 1).map(({ address }) => [name, address] as const)),
  ]);
  return new Map(
    resolveHosts(config, inventory).map((host) => {
      // An address that is only the name may be an entry of ssh_config; if it is none, the topology's address is dialled.
      const address = host.address === host.name ? null : host.address;
      return [host.name, resolveHost({ ...host, address, fallbackAddress: own.get(host.name) }, around)] as const;
    }),
  );
}

async function readInventory(file: string, options: InventoryOptions): Promise<Inventory> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? error.message);
    throw new Failure(5, `the inventory ${file} cannot be read: ${why}`, ['check -i, or `inventory` in the topology'], {
      cause: error,
    });
  });
  const loaded = loadInventory(text, file);
  if ('problems' in loaded) throw invalid(file, loaded.problems, createOutput(options));
  return loaded.inventory;
}
