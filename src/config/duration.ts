/** Durations as people write them. A file of its own, since the agent reads them, too, and no YAML. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const DURATION = /^(\d{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;

/** `250ms`, `1s`, `1.5s`, `5m`, `2h`, `14d` → milliseconds, or undefined. */
export function parseDuration(written: string): number | undefined {
  const [, amount, unit] = DURATION.exec(written) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  if (amount === undefined || factor === undefined) return undefined;
  const ms = Math.round(Number(amount) * factor * 1000) / 1000;
  return Number.isInteger(ms) ? ms : undefined;
}
