/** Live values below /proc/sys. */
import { type Fact, linesOf } from './fact.ts';

/** sysctl(8): in a dotted key, a dot within a name is written as a slash. */
export function sysctlPath(key: string): string {
  return `/proc/sys/${key.replaceAll(/[./]/g, (letter) => (letter === '.' ? '/' : '.'))}`;
}

/** Single spaces between the words of a value, as it is written in a topology. */
export function sysctlWords(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

/** Keys that do not exist are left out. */
export const sysctlsFact: Fact<readonly string[], Readonly<Record<string, string>>> = {
  name: 'sysctls',
  script: (keys) =>
    keys.length === 0
      ? ':'
      : `while read -r k p; do
  if [ -r "$p" ] && read -r v <"$p"; then printf '%s\\t%s\\n' "$k" "$v"; fi
done <<'KEYS'
${keys.map((key) => `${key} ${sysctlPath(key)}`).join('\n')}
KEYS
:`,
  parse: (printed) =>
    Object.fromEntries(
      linesOf(printed).flatMap((line) => {
        const tab = line.indexOf('\t');
        return tab < 1 ? [] : [[line.slice(0, tab), sysctlWords(line.slice(tab + 1))]];
      }),
    ),
};
