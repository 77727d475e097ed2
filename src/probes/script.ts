/**
 * A command of the topology, judged by its exit code as keepalived's MISC_CHECK does: 0 is up, all else is down. With
 * `sets_weight` 1 is down, and 2 to 255 are up with the weight code − 2.
 */
import type { CheckKind } from '../config/service.ts';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';

type ScriptCheck = Extract<CheckKind, { kind: 'script' }>;

/** How a command has ended. */
export interface ScriptEnd {
  /** null: it was not started, or did not end by itself or in time. */
  readonly exitCode: number | null;
  /** Why that is a failure, a sentence; undefined with 0. */
  readonly problem: string | undefined;
}

/** Runs a command as its user, ends it with its time, and never rejects. */
export type RunScript = (
  script: {
    readonly run: readonly string[];
    readonly user: string;
    readonly timeoutMs: number;
    readonly environment: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
) => Promise<ScriptEnd>;

/** Codes of `sets_weight` from here on are weights. */
const FIRST_WEIGHT = 2;

export async function scriptProbe(
  { address, timing }: ProbeSpec,
  { run, user, setsWeight }: ScriptCheck,
  runScript: RunScript,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const started = performance.now();
  const environment = { LVS_ADDRESS: address };
  const { exitCode, problem } = await runScript({ run, user, timeoutMs: timing.timeoutMs, environment }, signal);
  const latencyMs = performance.now() - started;
  if (setsWeight && exitCode !== null && exitCode >= FIRST_WEIGHT)
    return { ok: true, latencyMs, weight: exitCode - FIRST_WEIGHT };
  return problem === undefined ? { ok: true, latencyMs } : { ok: false, latencyMs, error: problem };
}
