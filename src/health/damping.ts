/**
 * Damping of a realserver that flaps: each time that it fails again soon after it came up, twice as many successes in a row are
 * asked for before it is up again. Once it has been up for five minutes all is forgiven; and never is more asked for than five
 * minutes of probes can give. Nor is anybody damped whose service has nothing better left (src/agent/prober.ts). Pure.
 */
import type { CheckTiming } from '../config/service.ts';

/** Up for so long, it does not flap any more. */
const STEADY_MS = 300_000;
/** No wait for successes is longer, unless `rise` itself asks for it. */
const LONGEST_MS = 300_000;

/** Falls in a row, this one too, with less than five minutes of being up between them. */
export function fallsAfter(falls: number, upForMs: number): number {
  return upForMs < STEADY_MS ? falls + 1 : 1;
}

/** Successes in a row that turn down into up. */
export function dampedRise({ rise, intervalMs }: Pick<CheckTiming, 'rise' | 'intervalMs'>, falls: number): number {
  const own = Math.max(1, rise);
  const most = Math.max(own, Math.ceil(LONGEST_MS / intervalMs));
  return Math.min(own * 2 ** Math.max(0, falls - 1), most);
}

interface Fallen {
  readonly falls: number;
  readonly verdict: 'up' | 'down' | 'unknown';
  readonly sinceMs: number;
}

/** Whether it flaps, as far as is known. */
export function isDamped({ falls, verdict, sinceMs }: Fallen, nowMs: number): boolean {
  return falls > 1 && (verdict === 'down' || nowMs - sinceMs < STEADY_MS);
}
