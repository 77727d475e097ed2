/**
 * The modules that a host loads at boot (modules-load.d(5)). What a kernel may do without stands in a comment, which systemd passes
 * over and the director's script reads: a module that is not there would be a failed unit.
 */
import type { ModuleWanted } from './wanted.ts';

/** In front of the name of a module that is loaded where it is there. */
export const OPTIONAL_MODULE = '#optional ';

/** Empty: no file. */
export function modulesFileBody(modules: readonly ModuleWanted[]): string {
  return modules.map(({ name, required }) => `${required ? '' : OPTIONAL_MODULE}${name}\n`).join('');
}
