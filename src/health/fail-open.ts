/**
 * When nearly all realservers of a service fail at once, the check or the network is broken, not they: the last set that lived
 * goes on serving. Pure: each look at the verdicts gives the next state.
 *
 * It begins when two at least, and at least `share` of those that lived, have gone from up to down within one window. It ends
 * when none of them fails any more; or when fewer than `share` have failed for as long as a recovery takes: then failing is no
 * longer common, what works is proved by those that are back, and whoever still fails is taken out.
 */
import type { CheckTiming, ServiceConfig } from '../config/service.ts';
import type { Verdict } from './verdict.ts';

export interface FailOpenRules {
  /** 0–1; 1 or more: never. */
  readonly share: number;
  /** What fails within this has failed at once. */
  readonly windowMs: number;
  /** What recovers together has recovered within this. */
  readonly settleMs: number;
}

export interface FailOpen {
  /** Those that were up at the last look. */
  readonly up: ReadonlySet<string>;
  /** When those that are down went from up to down; what was never up does not stand here. */
  readonly fellMs: ReadonlyMap<string, number>;
  /** null: verdicts count as they are. */
  readonly open: Open | null;
}

interface Open {
  readonly sinceMs: number;
  /** Failed, and to be served all the same. */
  readonly held: ReadonlySet<string>;
  /** Since when fewer than the share fail, or null: they still do. */
  readonly calmMs: number | null;
}

/** A realserver that operators want to serve: whoever is drained neither fails nor lives. */
export interface Seen {
  readonly name: string;
  readonly verdict: Verdict;
  /** When it came to be so, on the clock of the looks. */
  readonly sinceMs: number;
}

export const NOTHING_FELL: FailOpen = { up: new Set(), fellMs: new Map(), open: null };

/**
 * Probes of one interval are spread over it, so what breaks at one moment is found within an interval; then it is asked again
 * `retries` times, and one that is refused at once is down earlier than one whose every answer is waited for.
 */
export function failOpenRules({ failOpenShare, realservers }: ServiceConfig): FailOpenRules {
  const timings = realservers.flatMap(({ checks }) => checks.map(({ timing }) => timing));
  const longest = (read: (timing: CheckTiming) => number): number =>
    timings.reduce((most, timing) => Math.max(most, read(timing)), 0);
  const shortest = (read: (timing: CheckTiming) => number): number =>
    timings.reduce((least, timing) => Math.min(least, read(timing)), longest(read));
  return {
    share: failOpenShare,
    windowMs: Math.max(0, longest(slowest) - shortest(quickest)),
    settleMs: longest(({ intervalMs, timeoutMs, rise }) => Math.max(1, rise) * intervalMs + timeoutMs),
  };
}

/** From the moment at which it breaks to its verdict, at the most and at the least. */
function slowest({ intervalMs, timeoutMs, retries, retryDelayMs }: CheckTiming): number {
  return intervalMs + (1 + retries) * timeoutMs + retries * retryDelayMs;
}

function quickest({ retries, retryDelayMs }: CheckTiming): number {
  return retries * retryDelayMs;
}

export function failOpenAfter(before: FailOpen, rules: FailOpenRules, seen: readonly Seen[], nowMs: number): FailOpen {
  const up = new Set(seen.filter(({ verdict }) => verdict === 'up').map(({ name }) => name));
  const fellMs = new Map<string, number>();
  for (const { name, verdict, sinceMs } of seen) {
    const at = before.fellMs.get(name) ?? (before.up.has(name) ? sinceMs : undefined);
    if (verdict === 'down' && at !== undefined) fellMs.set(name, at);
  }
  if (rules.share >= 1) return { up, fellMs, open: null };
  const open = before.open === null ? opened(rules, up, fellMs, nowMs) : goneOn(before.open, rules, up, fellMs, nowMs);
  // Whoever still fails when it ends has failed for itself: that does not begin it again.
  const hasEnded = before.open !== null && open === null;
  return { up, fellMs: hasEnded ? new Map() : fellMs, open };
}

function opened(
  { share, windowMs }: FailOpenRules,
  up: ReadonlySet<string>,
  fellMs: FailOpen['fellMs'],
  nowMs: number,
): Open | null {
  const recent = [...fellMs].filter(([, atMs]) => atMs >= nowMs - windowMs).map(([name]) => name);
  if (recent.length < 2 || !isCommon(recent.length, up.size, share)) return null;
  return { sinceMs: nowMs, held: new Set(recent), calmMs: null };
}

/** Whoever fails while it lasts is held, too. */
function goneOn(
  { sinceMs, held, calmMs }: Open,
  { share, settleMs }: FailOpenRules,
  up: ReadonlySet<string>,
  fellMs: FailOpen['fellMs'],
  nowMs: number,
): Open | null {
  const failing = new Set(
    [...fellMs].filter(([name, atMs]) => held.has(name) || atMs >= sinceMs).map(([name]) => name),
  );
  if (failing.size === 0) return null;
  if (isCommon(failing.size, up.size, share)) return { sinceMs, held: failing, calmMs: null };
  const calm = calmMs ?? nowMs;
  return nowMs - calm >= settleMs ? null : { sinceMs, held: failing, calmMs: calm };
}

function isCommon(failing: number, up: number, share: number): boolean {
  return failing >= share * (failing + up) - 1e-9;
}
