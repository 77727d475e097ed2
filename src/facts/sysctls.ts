/** Live values below /proc/sys. */
import type { Texts } from './texts.ts';

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

/** By key; those that do not exist are missing. */
export function sysctlsIn(texts: Texts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([path, text]) =>
      path.startsWith(ROOT) ? [[swapped(path.slice(ROOT.length)), sysctlWords(text)]] : [],
    ),
  );
}
