/**
 * What trackers make of a priority: one rule for the VRRP process, which lives by it, and for the simulation at plan time.
 * A tracker of weight 0 has no part in it: when it is down the instance is in FAULT.
 */

export interface Weighed {
  /** −253 to 253. */
  readonly weight: number;
  readonly isDown: boolean;
}

/** The address owner's (RFC 9568 section 5.2.4): no tracker moves it. */
export const OWNER_PRIORITY = 255;
/** 0 and 255 say something else than a priority. */
const [LEAST, MOST] = [1, 254];

/** keepalived's rule: a positive weight is added while up, a negative one while down; what comes of it stays within 1–254. */
export function effectivePriority(base: number, weighed: readonly Weighed[]): number {
  return base === OWNER_PRIORITY ? base : withinRange(sumOf(base, weighed));
}

/** Before it is brought into range. */
export function sumOf(base: number, weighed: readonly Weighed[]): number {
  return weighed.reduce((sum, { weight, isDown }) => sum + (isDown === weight < 0 ? weight : 0), base);
}

export function withinRange(sum: number): number {
  return Math.min(MOST, Math.max(LEAST, sum));
}
