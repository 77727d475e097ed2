/**
 * Where a lab keeps its files. The state folder is the same for everybody, whatever XDG_STATE_HOME says, because the
 * committed inventory/lab.yaml points into it; only the image, which may be thrown away, follows XDG_CACHE_HOME.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './lab-error.ts';
import type { Machine } from './layout.ts';

export interface Place {
  readonly name: string;
  readonly folder: string;
  /** Written by the namespace's keeper itself before anything else exists, so that what was begun can be ended. */
  readonly pidFile: string;
  /** Appears when every machine answered: a lab without it is being started, or its start was interrupted. */
  readonly upFile: string;
  readonly key: string;
  readonly knownHosts: string;
  readonly sshConfig: string;
  readonly proxy: string;
  readonly inventory: string;
  /** How many of the client's source addresses have been used: the next load takes another one. */
  readonly sources: string;
}

export const DEFAULT_NAME = 'default';

/** @throws LabError when the name could not be part of a path. */
export function placeOf(name: string = DEFAULT_NAME): Place {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) {
    throw new LabError(`a lab's name is 1 to 31 of a-z, 0-9 and '-', not ${JSON.stringify(name)}`, { code: 5 });
  }
  const folder = join(labsFolder(), name);
  for (const path of [folder, cacheFolder()]) refuseOddPath(path);
  return {
    name,
    folder,
    pidFile: join(folder, 'pid'),
    upFile: join(folder, 'up.json'),
    key: join(folder, 'key'),
    knownHosts: join(folder, 'known_hosts'),
    sshConfig: join(folder, 'ssh_config'),
    proxy: join(folder, 'proxy'),
    inventory: join(folder, 'inventory.yaml'),
    sources: join(folder, 'sources'),
  };
}

/** Paths stand in kernel command lines (where a comma parts them) and in SSH settings (where a blank or a % means something). */
function refuseOddPath(path: string): void {
  if (/[\s,%"'\\]/.test(path)) {
    throw new LabError(`the lab cannot live in ${JSON.stringify(path)}: blanks, commas, quotes and % are in its way`, {
      hints: ['set HOME (and XDG_CACHE_HOME) to a plain path'],
    });
  }
}

export function labsFolder(): string {
  return join(homedir(), '.local/state/lvsctl/lab');
}

/** Disk (copy on write), seed, host key and console of one machine. */
export function machineFolder(place: Place, machine: Machine): string {
  return join(place.folder, machine);
}

export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'lvsctl/lab');
}
