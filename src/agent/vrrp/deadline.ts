/** The loop's one timer: armed for the next deadline, and the measure of how late it was kept. */
import type { Clock } from '../../kernel/clock.ts';
import { Lateness } from './lateness.ts';
import type { Log } from './log.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Calls back after whatever the kernel has for us already was read. */
  readonly afterInput: (fn: () => void) => void;
  readonly onDue: () => void;
  /** Of advertisements, the shortest; no lateness below it is told. */
  readonly intervalMs: () => number;
}

export class Deadline {
  readonly #options: DeadlineOptions;
  readonly #lateness: Lateness;
  #atMs: number | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    this.#lateness = new Lateness(options.log);
  }

  get latenessMs(): Lateness['measured'] {
    return this.#lateness.measured;
  }

  /** @param atMs when to call next; null: not at all */
  arm(atMs: number | null): void {
    if (atMs === this.#atMs) return;
    this.noteOverdue();
    this.#cancel();
    this.#atMs = atMs;
    if (atMs === null) return;
    const { clock, afterInput } = this.#options;
    // packets that arrived while we could not run are heard before the timers: silence is not concluded from our own delay
    this.#cancel = clock.setTimer(atMs, () => afterInput(() => this.#due(atMs)));
  }

  /** After a stall something else may be there before the timer, and take its place: it was late all the same. */
  noteOverdue(): void {
    if (this.#atMs !== null && this.#options.clock.now() > this.#atMs) this.#note(this.#atMs);
  }

  stop(): void {
    this.#cancel();
  }

  #due(atMs: number): void {
    if (this.#atMs === atMs) {
      this.#atMs = null;
      this.#note(atMs);
    }
    this.#options.onDue();
  }

  #note(dueMs: number): void {
    this.#lateness.note(dueMs, this.#options.clock.now(), this.#options.intervalMs());
  }
}
