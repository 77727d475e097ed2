/** When a delivery that failed is tried again. Pure. */

const [FIRST_MS, LONGEST_MS] = [5_000, 600_000];

/**
 * Twice as long from one failure to the next, ten minutes at most; half of it is chance, so that two directors do not come
 * back to a server that has just recovered at once.
 * @param failures - in a row, from 1
 * @param random - 0 ≤ random < 1
 */
export function retryDelayMs(failures: number, random: number): number {
  const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return fullMs / 2 + (fullMs / 2) * random;
}
