/** One apply on its way: the hosts with their latest facts, what has been counted, and whom to tell. */

import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import { AGENT_STEP } from '../operations/agent.ts';
import { decide } from '../operations/all.ts';
import type { Change } from '../operations/operation.ts';
import { setSysctls } from '../operations/sysctls.ts';
import { causeIn, remedyFor } from '../shell/cause.ts';
import { renderForPeople } from '../shell/render.ts';
import type { Step, StepResult } from '../shell/step.ts';
import type { Connection } from '../ssh/connection.ts';
import { factsOf, readSteps, type Target } from './cluster.ts';
import { failureOf, type HostFailure, hostFailure } from './failure.ts';
import { contextFor, type Shared } from './plan.ts';
import { refusalIn } from './refusal.ts';

export type RunEvent =
  /** What all hosts of a stage are about to do. */
  | { readonly type: 'stage'; readonly name: string }
  | { readonly type: 'doing'; readonly host: string; readonly what: string }
  | { readonly type: 'changed'; readonly host: string; readonly what: string; readonly changes: readonly Change[] }
  | { readonly type: 'failed'; readonly host: string; readonly message: string; readonly hints: readonly string[] };

/** A host of the run; what is told of it changes as it goes. */
export interface HostRun {
  readonly target: Target;
  readonly connection: Connection;
  facts: HostFacts;
  ok: number;
  changed: number;
  failure: HostFailure | null;
  /** What was last said to be done there. */
  told: string;
}

export interface Run {
  readonly shared: Shared;
  readonly hosts: readonly HostRun[];
  /** Directors that are not part of it, because they are not there. */
  readonly absent: readonly string[];
  readonly emit: (event: RunEvent) => void;
  /** Everything is given up at once. */
  readonly signal?: AbortSignal;
  /** Nothing new is begun. */
  readonly stopping: () => boolean;
}

/** Tells what a host is doing, once for as long as it is the same. */
export function doing(run: Run, host: HostRun, what: string): void {
  if (host.told === what) return;
  host.told = what;
  run.emit({ type: 'doing', host: host.target.wanted.host, what });
}

/** Steps' output that is for us: an answer of the agent is no success just because it came. */
function refusalOf({ name, stdout }: StepResult): string | null {
  return name === AGENT_STEP && stdout.startsWith('HTTP/') ? refusalIn(stdout) : null;
}

/**
 * Brings a host to `wanted` (which may be a phase on its way) and reads it again in the same round trip. False: it failed,
 * and the host says why. A host with nothing to do is not spoken to.
 */
export async function bring(run: Run, host: HostRun, wanted: Wanted, what: string): Promise<boolean> {
  const { changes, steps } = decide(wanted, host.facts, contextFor(host.facts, run.shared));
  if (steps.length === 0) return true;
  doing(run, host, what);
  const done = await perform(run, host, steps);
  if (!done) return false;
  host.changed += steps.length;
  const late = lateSettings(run, host, wanted);
  if (late.length > 0 && !(await perform(run, host, late))) return false;
  const left = leftover(run, host, wanted);
  if (left !== null) return fail(run, host, hostFailure(wanted.host, left));
  run.emit({ type: 'changed', host: wanted.host, what, changes });
  return true;
}

/** Runs steps and takes in the facts that follow them. */
export async function perform(run: Run, host: HostRun, steps: readonly Step[]): Promise<boolean> {
  const { target, connection } = host;
  const name = target.wanted.host;
  try {
    const script = [...steps, ...readSteps(target.wanted, contextFor(host.facts, run.shared).release)];
    const result = await connection.runScript(script, {
      ...(run.signal ? { signal: run.signal } : {}),
      onStep: (step, index) => {
        if (index < steps.length && step.exitCode === 0) host.ok += 1;
      },
    });
    const done = result.steps.slice(0, steps.length);
    if (result.failed && done.includes(result.failed)) {
      return fail(run, host, hostFailure(name, ...stepWords(steps, result.failed)));
    }
    const refused = done.map(refusalOf).find((one) => one !== null);
    if (refused) return fail(run, host, hostFailure(name, `the agent refused what it was told: ${refused}`));
    host.facts = factsOf(target, result);
    return true;
  } catch (error) {
    return fail(run, host, failureOf(name, error));
  }
}

export function fail(run: Run, host: HostRun, failure: HostFailure): false {
  host.failure = failure;
  run.emit({ type: 'failed', host: failure.host, message: failure.message, hints: failure.hints });
  return false;
}

/** What failed and why, and what to do about it. */
function stepWords(steps: readonly Step[], failed: StepResult): [message: string, hints: string[]] {
  const step = steps.find(({ name }) => name === failed.name);
  const command = step && 'commands' in step ? step.commands[failed.failedCommand ?? 0] : undefined;
  const said = causeIn(failed.stderr) || `exit code ${failed.exitCode}`;
  const shown = command ? ` (${renderForPeople(command)})` : '';
  return [`${failed.name} failed: ${said}${shown}`, [remedyFor(said) ?? 'Mend that there and apply again.']];
}

/**
 * Settings of an interface that the agent has only just made: they were not there when the others were set. udev sets them, too, but
 * not at once, and not where it does not run.
 */
function lateSettings(run: Run, host: HostRun, wanted: Wanted): readonly Step[] {
  if (Object.keys(wanted.director?.virtualSysctls ?? {}).length === 0) return [];
  const { steps } = decide(wanted, host.facts, contextFor(host.facts, run.shared));
  return steps.filter(({ name }) => name === setSysctls.name);
}

/** What is still not as wanted although every command succeeded; the agent takes its time and is waited for elsewhere. */
function leftover(run: Run, host: HostRun, wanted: Wanted): string | null {
  const waited = { ...wanted, director: null };
  const context = contextFor(host.facts, run.shared);
  const { changes } = decide(wanted.director ? wanted : waited, host.facts, context);
  const left = changes.filter(({ what }) => !(wanted.director && /^(configuration|lvs-agent|lvs-vrrp)/.test(what)));
  return left.length === 0
    ? null
    : `the change did not hold: ${left.map(({ what, why }) => `${what} (${why})`).join(', ')}; does something else manage it?`;
}
