/** How long a service was away, from the requests that were not answered. */
import type { Gap } from './tally.ts';

/**
 * The longest time in which no request that began then was answered: from the last answered beginning before it to the
 * first after it, so never too short, and too long by two intervals at most. Nothing failed: 0.
 * @param failedMs when the unanswered ones were due, in any order; all were due a whole number of intervals apart.
 */
export function longestOutage(failedMs: readonly number[], intervalMs: number): Gap {
  let longest: Gap = { fromMs: 0, toMs: 0, ms: 0 };
  let first: number | undefined;
  let last: number | undefined;
  for (const due of failedMs.toSorted((a, b) => a - b)) {
    if (first === undefined || last === undefined || due - last > 1.5 * intervalMs) first = due;
    last = due;
    const outage = { fromMs: first - intervalMs, toMs: last + intervalMs };
    const ms = outage.toMs - outage.fromMs;
    if (ms > longest.ms) longest = { ...outage, ms };
  }
  return longest;
}
