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

/** {@link numbersAndJson}; ends the program after its usage, with 5 where the options are wrong. */
export function optionsOrExit<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, number>>,
  usage: string,
) {
  try {
    const options = numbersAndJson(args, defaults);
    if (!options.help) return options;
    console.log(usage);
    return process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return process.exit(5);
  }
}

function countOf(value: string | boolean | undefined, otherwise: number, name: string): number {
  if (typeof value !== 'string') return otherwise;
  if (!/^\d{1,6}$/.test(value)) throw new Error(`--${name}: expected a whole number, not ${value}`);
  return Number(value);
}
