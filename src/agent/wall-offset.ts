/** Of the wall clock from the monotonic one: the same from one reading to the next, unless the wall clock was set. */
import type { Clock } from '../kernel/clock.ts';

/** What two readings of two clocks may lie apart; more, and one of them was set. */
const CLOCK_STEP_MS = 100;

export class WallOffset {
  readonly #clock: Clock;
  #offsetMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns monotonic ms ⇒ ms since the epoch, as of now */
  reading(): (ms: number) => number {
    const now = this.#clock.wall() - this.#clock.now();
    if (Math.abs(now - this.#offsetMs) > CLOCK_STEP_MS) this.#offsetMs = now;
    const offsetMs = this.#offsetMs;
    return (ms) => Math.round(ms + offsetMs);
  }
}
