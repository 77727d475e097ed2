/**
 * Counting requests. Times are milliseconds since 1970 with fractions, so that whoever broke something can compare them
 * with its own clock.
 */
import type { Cause } from './target.ts';

export interface Outcome {
  /** When the request was due, which is also when it began unless this machine was late. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** The page's first line: which realserver answered. */
  readonly server?: string;
  readonly cause?: Cause;
}

export interface ServerTally {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
}

export interface Tally {
  readonly startedMs: number;
  /** The end of the run, or now. */
  readonly endedMs: number;
  readonly sent: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly servers: Readonly<Record<string, ServerTally>>;
  readonly causes: Readonly<Record<string, number>>;
  /**
   * The longest time without a success: between two, before the first, or after the last. A service that never comes
   * back shows the time until the end of the run.
   */
  readonly longestGap: Gap;
  /** End of the latest success, or the start. */
  readonly lastSuccessMs: number;
}

export function emptyTally(startedMs: number): Tally {
  return {
    startedMs,
    endedMs: startedMs,
    sent: 0,
    succeeded: 0,
    failed: 0,
    servers: {},
    causes: {},
    longestGap: { fromMs: startedMs, toMs: startedMs, ms: 0 },
    lastSuccessMs: startedMs,
  };
}

/** Takes one outcome in; they come in the order of their ends. */
export function count(tally: Tally, outcome: Outcome): Tally {
  const { server, cause, endedMs } = outcome;
  const sent = tally.sent + 1;
  if (server === undefined) {
    const words = cause ?? 'unknown';
    const causes = { ...tally.causes, [words]: (tally.causes[words] ?? 0) + 1 };
    return { ...tally, sent, endedMs, causes, failed: tally.failed + 1 };
  }
  const before = tally.servers[server];
  const after = { count: (before?.count ?? 0) + 1, firstMs: before?.firstMs ?? endedMs, lastMs: endedMs };
  return {
    ...tally,
    sent,
    endedMs,
    succeeded: tally.succeeded + 1,
    servers: { ...tally.servers, [server]: after },
    longestGap: longer(tally.longestGap, tally.lastSuccessMs, endedMs),
    lastSuccessMs: endedMs,
  };
}

/** Takes in one that ended after the run was closed: with no others around it, it tells nothing of gaps. */
export function countLate(tally: Tally, outcome: Outcome): Tally {
  return { ...count(tally, outcome), longestGap: tally.longestGap };
}

/** Ends the run: the time since the last success is a gap too. */
export function close(tally: Tally, endedMs: number): Tally {
  return { ...tally, endedMs, longestGap: longer(tally.longestGap, tally.lastSuccessMs, endedMs) };
}

function longer(gap: Gap, fromMs: number, toMs: number): Gap {
  return toMs - fromMs > gap.ms ? { fromMs, toMs, ms: toMs - fromMs } : gap;
}
