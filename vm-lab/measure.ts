/** The two measures of the lab's command line: `50ms 3s 2m` and `10%`. */
import { LabError } from './lab-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** @throws LabError for anything but a number with its unit. */
export function parseDurationMs(text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const factor = UNIT_MS[unit];
  if (factor === undefined) throw new LabError(`a time is like 50ms or 3s, not ${JSON.stringify(text)}`, { code: 5 });
  return Number(amount) * factor;
}

/** @throws LabError for anything but 0% to 100%. */
export function parsePercent(text: string): number {
  const [, amount] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const percent = Number(amount);
  if (!(percent <= 100)) throw new LabError(`a loss is like 10%, not ${JSON.stringify(text)}`, { code: 5 });
  return percent;
}
