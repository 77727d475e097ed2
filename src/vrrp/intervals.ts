/** The timers of VRRP as arithmetic, in milliseconds with fractions (RFC 3768 section 6.1, RFC 9568 section 6.1). */

/**
 * How much later a lower priority gives up waiting, so that the highest answers first.
 * Version 2: (256 − priority) / 256 seconds, whatever the interval. Version 3: ((256 − priority) × Active_Adver_Interval) / 256.
 */
export function skewMs(version: 2 | 3, priority: number, masterAdvertMs: number): number {
  return ((256 - priority) * (version === 2 ? 1000 : masterAdvertMs)) / 256;
}

/** Silence after which a MASTER counts as gone: three of its intervals and the skew. */
export function masterDownMs(version: 2 | 3, priority: number, masterAdvertMs: number): number {
  return 3 * masterAdvertMs + skewMs(version, priority, masterAdvertMs);
}

/** Lifetime of a VIP in the kernel, whole seconds: it outlives every tolerated gap, and goes soon after its keeper. */
export function addressLifetimeSeconds(masterDown: number): number {
  return Math.ceil(masterDown / 1000) + 1;
}

/** How often lifetimes are renewed: with each advertisement, but at most twice a second. */
export function addressRefreshMs(advertIntervalMs: number): number {
  return Math.max(500, advertIntervalMs);
}

/** The first verdicts and script results are waited for at most so long after the process started. */
export const WAIT_FOR_VERDICTS_MS = 10_000;

/** RFC 5227 section 1.1, PROBE_NUM; there they are a second and more apart. */
export const PROBES = 3;
export const PROBE_EVERY_MS = 200;

/** How long neighbours are asked, and waited for, whether they have an address. */
export const PROBED_MS = PROBES * PROBE_EVERY_MS;
