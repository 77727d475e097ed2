/** Live values below /proc/sys. */
import { quote } from '../shell/quote.ts';
import { type Fact, linesOf } from './fact.ts';

const ROOT = '/proc/sys/';

/** sysctl(8): in a dotted key, a dot within a name is written as a slash; in a path it is the other way round. */
export function sysctlPath(key: string): string {
  return `${ROOT}${swapped(key)}`;
}

function swapped(text: string): string {
  return text.replaceAll(/[./]/g, (letter) => (letter === '.' ? '/' : '.'));
}

/** Single spaces between the words of a value, as it is written in a topology. */
export function sysctlWords(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/**
 * Keys that do not exist are left out. One `grep` for all: the shell's own `read` takes a byte at a time, and the kernel
 * gives no more than the first one of a number that way (kernel/sysctl.c, do_proc_dointvec: nothing beyond offset 0).
 */
export const sysctlsFact: Fact<readonly string[], Readonly<Record<string, string>>> = {
  name: 'sysctls',
  script: (keys) =>
    keys.length === 0 ? ':' : `grep -Hs '' ${keys.map((key) => quote(sysctlPath(key))).join(' ')} || :`,
  parse: (printed) =>
    Object.fromEntries(
      linesOf(printed).flatMap((line) => {
        const colon = line.indexOf(':');
        if (!line.startsWith(ROOT) || colon < 0) return [];
        return [[swapped(line.slice(ROOT.length, colon)), sysctlWords(line.slice(colon + 1))]];
      }),
    ),
};
