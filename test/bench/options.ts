/** Options of the benchmarks that measure inside one machine. */
import { parseArgs } from 'node:util';

/** @param defaults - every option that takes a number, with what it is when it is left out */
export function numbersAndJson<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, number>>,
): { readonly numbers: Readonly<Record<Name, number>>; readonly json: boolean; readonly help: boolean } {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const flag = { type: 'boolean' } as const;
  const parsed = parseArgs({ args: [...args], options: { ...options, json: flag, help: flag }, strict: true });
  const values: Readonly<Record<string, string | boolean | undefined>> = parsed.values;
  const numbers = Object.fromEntries(names.map((name) => [name, countOf(values[name], defaults[name], name)]));
  const is = (name: string): boolean => values[name] === true;
  return { numbers: numbers as Record<Name, number>, json: is('json'), help: is('help') };
}

function countOf(value: string | boolean | undefined, otherwise: number, name: string): number {
  if (typeof value !== 'string') return otherwise;
  if (!/^\d{1,6}$/.test(value)) throw new Error(`--${name}: expected a whole number, not ${value}`);
  return Number(value);
}
