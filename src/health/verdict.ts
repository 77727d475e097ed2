/**
 * The verdict on one probe: is what it asks alive? Pure: results and time come in, the new standing and the time of the
 * next probe come out. All times are milliseconds of one monotonic clock.
 *
 *            first result                    1 + retries failures in a row
 *   unknown ─────────────▶ up or down    up ──────────────────────────────▶ down
 *                                          ◀──────────────────────────────
 *                                              rise successes in a row (more for one that flaps: damping.ts)
 */
import type { CheckTiming } from '../config/service.ts';
import { dampedRise, fallsAfter } from './damping.ts';

export type Verdict = 'up' | 'down' | 'unknown';

/** What one probe found. `error` is a sentence for people, and says whom it speaks of. */
export type ProbeResult =
  | { readonly ok: true; readonly latencyMs: number /** That the realserver shall have. */; readonly weight?: number }
  | {
      readonly ok: false;
      readonly latencyMs: number;
      readonly error: string;
      /** It failed on this director, before anything was sent. */
      readonly isUnsent?: true;
    };

/** What could not be asked for a reason of the director's own, one clause: that says nothing of the realserver. */
export interface Unasked {
  readonly unasked: string;
}

export interface Standing {
  readonly verdict: Verdict;
  /** When it came to this verdict. */
  readonly sinceMs: number;
  /** Results in a row that speak against the verdict. */
  readonly against: number;
  /** When the next probe starts. */
  readonly nextMs: number;
  /** Why the last failed probe failed; null once it is up again. */
  readonly lastError: string | null;
  /** Of the last successful probe. */
  readonly latencyMs: number | null;
  /** How often it went down, with less than five minutes of being up between (damping.ts). */
  readonly falls: number;
  /** What the last successful probe wants for the realserver (`sets_weight`); null: what is configured. */
  readonly weight: number | null;
}

/**
 * The standing before the first probe, which comes after a random part of the warmup, so that a thousand checks configured at
 * once do not run at once.
 * @param verdict - `unknown` for what is new; what the kernel's table says for what is adopted
 * @param random - 0 ≤ random < 1
 */
export function firstStanding(verdict: Verdict, timing: CheckTiming, nowMs: number, random: number): Standing {
  const nextMs = nowMs + Math.floor(random * timing.warmupMs);
  return { verdict, sinceMs: nowMs, against: 0, nextMs, lastError: null, latencyMs: null, weight: null, falls: 0 };
}

/**
 * The standing after a probe that ran from `startedMs` to `endedMs`.
 * @param damps - whether one that flaps has to prove more than its `rise`; it need not where nothing better is left
 */
export function afterProbe(
  standing: Standing,
  timing: CheckTiming,
  result: ProbeResult,
  startedMs: number,
  endedMs: number,
  damps = true,
): Standing {
  const regularMs = Math.max(startedMs + timing.intervalMs, endedMs);
  const seen = {
    ...standing,
    nextMs: regularMs,
    lastError: result.ok ? standing.lastError : result.error,
    latencyMs: result.ok ? result.latencyMs : standing.latencyMs,
    weight: result.ok ? (result.weight ?? null) : standing.weight,
  };
  const agrees = standing.verdict === (result.ok ? 'up' : 'down');
  if (agrees) return { ...seen, against: 0, lastError: result.ok ? null : result.error };
  const against = standing.against + 1;
  if (against < needed(standing, timing, damps)) {
    // Only a failure is tried again early: a recovery is believed at the pace of the interval.
    return { ...seen, against, nextMs: result.ok ? regularMs : endedMs + timing.retryDelayMs };
  }
  const lastError = result.ok ? null : result.error;
  const falls = result.ok ? standing.falls : fallsAfter(standing.falls, endedMs - standing.sinceMs);
  return { ...seen, verdict: result.ok ? 'up' : 'down', sinceMs: endedMs, against: 0, lastError, falls };
}

/** Results in a row that turn a verdict; nothing is known before the first, so the first decides. */
function needed({ verdict, falls }: Standing, timing: CheckTiming, damps: boolean): number {
  if (verdict === 'unknown') return 1;
  return verdict === 'up' ? 1 + timing.retries : dampedRise(timing, damps ? falls : 0);
}

/** All checks of a destination must pass: one down is down, else one unknown is unknown. Without checks it is up. */
export function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('down')) return 'down';
  return verdicts.includes('unknown') ? 'unknown' : 'up';
}
