/**
 * How late the loop is: from when it should have run to when it did. A director whose adverts are late loses the role without
 * anything being broken, so what it measured is told with every report, and a whole interval of silence in the journal.
 */
import type { Log } from './log.ts';

/** Between two lines, unless it was worse than ever. */
const QUIET_MS = 10_000;

export class Lateness {
  readonly #log: Log;
  #last = 0;
  #worst = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #saidForMs: number | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * @param dueMs when the loop should have run; what comes before is not late, what comes again is told once
   * @param intervalMs the shortest interval of advertisements; nothing is said of what is shorter
   */
  note(dueMs: number, nowMs: number, intervalMs: number): void {
    const lateMs = Math.max(0, nowMs - dueMs);
    const isWorst = lateMs > this.#worst;
    this.#last = lateMs;
    this.#worst = Math.max(lateMs, this.#worst);
    if (lateMs < intervalMs || dueMs === this.#saidForMs || (!isWorst && nowMs < this.#saidAtMs + QUIET_MS)) return;
    this.#saidAtMs = nowMs;
    this.#saidForMs = dueMs;
    const [silentMs, worstMs] = [lateMs, this.#worst].map(Math.round) as [number, number];
    this.#log('warning', `the VRRP process did not run for ${silentMs} ms`, { silentMs, worstMs });
  }

  /** Milliseconds, to a hundredth. */
  get measured(): { readonly last: number; readonly worst: number } {
    return { last: Math.round(this.#last * 100) / 100, worst: Math.round(this.#worst * 100) / 100 };
  }
}
