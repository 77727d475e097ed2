/** The shipped topologies, loaded: what tests of the provisioner start from. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../src/config/config.ts';
import { loadTopology } from '../../src/config/load.ts';

const FOLDER = new URL('../../inventory/topologies/', import.meta.url);

export function topology(name: string): Config {
  const loaded = loadTopology(readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8'), `${name}.yaml`);
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.config;
}
