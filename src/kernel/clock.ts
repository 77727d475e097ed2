/** Time as the agent sees it: a monotonic clock that timers follow, and the wall clock for what people read. */

export interface Clock {
  /** CLOCK_MONOTONIC, ms with fractions. Comparable with {@link KernelAddress.refreshedAtMs} of addresses.ts and between processes. */
  now(): number;
  /** Epoch ms. Never used for intervals. */
  wall(): number;
  /**
   * Calls `fn` once at `atMs` of {@link now} or as soon as possible after; an `atMs` in the past means the next turn of the loop,
   * never a call from within. At most 1 ms early (the grain of libuv's timers).
   * @returns cancels the timer; harmless after it fired.
   */
  setTimer(atMs: number, fn: () => void): () => void;
}

/** setTimeout overflows into "at once" beyond this (2^31 − 1 ms); longer timers are taken in steps. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

function setTimer(atMs: number, fn: () => void): () => void {
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const delayMs = Math.max(0, atMs - monotonicMs());
    handle = setTimeout(delayMs > LONGEST_TIMEOUT_MS ? arm : fn, Math.min(delayMs, LONGEST_TIMEOUT_MS));
  };
  arm();
  return () => clearTimeout(handle);
}

export const systemClock: Clock = { now: monotonicMs, wall: () => Date.now(), setTimer };
