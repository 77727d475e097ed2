/**
 * What root runs, nobody else may be able to change: neither the program, nor a folder on the way to it, nor where a link on the
 * way leads. Of an interpreter this goes for its script, too.
 */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { executedBy } from '../config/executed.ts';

/** Of links on one way; the kernel follows as many (path_resolution(7)). */
const MOST_LINKS = 40;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** @returns why the command is not run as root, one sentence, or undefined */
export function unsafeAsRoot(command: readonly string[]): string | undefined {
  return executedBy(command)
    .map(unsafeFile)
    .find((problem) => problem !== undefined);
}

function unsafeFile(program: string): string | undefined {
  try {
    const culprit = firstChangeable(program);
    return culprit === undefined ? undefined : `${program} is not run as root: others than root can change ${culprit}`;
  } catch (error) {
    return `${program} could not be started: ${(error as Error).message}`;
  }
}

/** The way as the kernel goes it, link by link. @throws what lstat(2) says of what is not there */
function firstChangeable(program: string): string | undefined {
  if (!isSafe('/', false)) return '/';
  const ahead = program.split('/').filter((part) => part !== '' && part !== '.');
  let links = 0;
  for (let at = '/', part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '..') {
      at = dirname(at);
      continue;
    }
    const path = join(at, part);
    if (!isSafe(path, ahead.length === 0)) return path;
    if (!lstatSync(path).isSymbolicLink()) {
      at = path;
      continue;
    }
    if (++links > MOST_LINKS) throw new Error(`${program} leads through too many links`);
    const target = readlinkSync(path);
    if (target.startsWith('/')) at = '/';
    ahead.unshift(...target.split('/').filter((one) => one !== '' && one !== '.'));
  }
  return undefined;
}

/** In a sticky folder others may not replace what is root's; of a link only the owner counts, its mode says nothing. */
function isSafe(path: string, isProgram: boolean): boolean {
  const stats: Stats = lstatSync(path);
  if (stats.uid !== 0) return false;
  if (stats.isSymbolicLink() || (stats.mode & OTHERS_WRITE) === 0) return true;
  return !isProgram && stats.isDirectory() && (stats.mode & STICKY) !== 0;
}
