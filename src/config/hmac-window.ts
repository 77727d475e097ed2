/** How far a signed advertisement's time may be from ours: max(3 × advertisement interval, 5 s), keepalived's `time_window`. */
export function hmacWindowMs(advertIntervalMs: number): number {
  return Math.max(3 * advertIntervalMs, 5_000);
}
