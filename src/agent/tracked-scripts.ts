/** Runs the scripts that VRRP instances watch, each at its interval, and keeps their states. */
import type { TrackScriptConfig } from '../config/instance.ts';
import { afterRun, type TrackerStanding } from '../health/tracker.ts';
import type { Clock } from '../kernel/clock.ts';
import type { TrackerState } from '../vrrp/link.ts';
import type { Journal } from './journal.ts';

/** @returns why it failed, or undefined; never rejects. The signal ends it at once. */
export type RunScript = (
  script: Pick<TrackScriptConfig, 'run' | 'user' | 'timeoutMs'>,
  signal: AbortSignal,
) => Promise<string | undefined>;

export interface TrackedScriptsOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly run: RunScript;
  readonly onChange: () => void;
}

interface Watched {
  readonly script: TrackScriptConfig;
  readonly text: string;
  readonly aborter: AbortController;
  standing: TrackerStanding;
  /** Why its last run failed, or null. */
  problem: string | null;
  cancelTimer: () => void;
}

export class TrackedScripts {
  readonly #options: TrackedScriptsOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: TrackedScriptsOptions) {
    this.#options = options;
  }

  /** Takes another set; scripts that stay as they were go on, and those that ask the same otherwise keep their state. */
  configure(scripts: readonly TrackScriptConfig[]): void {
    const before = new Map(this.#watched);
    const texts = new Map(scripts.map((script) => [script.name, JSON.stringify(script)]));
    for (const [name, { text }] of before) if (texts.get(name) !== text) this.#drop(name);
    for (const script of scripts) {
      if (this.#watched.has(script.name)) continue;
      const watched = {
        script,
        text: JSON.stringify(script),
        aborter: new AbortController(),
        standing: standingFrom(script, before.get(script.name)),
        problem: null,
        cancelTimer: () => {},
      };
      this.#watched.set(script.name, watched);
      void this.#run(watched);
    }
  }

  /** Unknown until results have settled it: the VRRP process may know it from before, or else starts from the configuration. */
  states(): Record<string, TrackerState> {
    return Object.fromEntries(
      [...this.#watched].map(([name, { standing }]) => [name, standing.isSettled ? standing.state : 'unknown']),
    );
  }

  problems(): Record<string, string | null> {
    return Object.fromEntries([...this.#watched].map(([name, { problem }]) => [name, problem]));
  }

  stop(): void {
    for (const name of [...this.#watched.keys()]) this.#drop(name);
  }

  #drop(name: string): void {
    const watched = this.#watched.get(name);
    this.#watched.delete(name);
    watched?.cancelTimer();
    watched?.aborter.abort();
  }

  async #run(watched: Watched): Promise<void> {
    const { clock, run } = this.#options;
    const { script, aborter } = watched;
    const startedMs = clock.now();
    const problem = await run(script, aborter.signal);
    if (aborter.signal.aborted) return;
    const before = watched.standing;
    watched.problem = problem ?? null;
    watched.standing = afterRun(before, script, problem === undefined);
    const { state, isSettled } = watched.standing;
    if (state !== before.state || isSettled !== before.isSettled) this.#tell(script.name, state, problem);
    watched.cancelTimer = clock.setTimer(startedMs + script.intervalMs, () => void this.#run(watched));
  }

  #tell(name: string, state: TrackerState, problem: string | undefined): void {
    const { journal, onChange } = this.#options;
    const cause = problem === undefined ? '' : `: ${problem}`;
    journal.note(state === 'down' ? 'warning' : 'notice', 'tracker', `script ${name} is ${state}${cause}`, {
      script: name,
    });
    onChange();
  }
}

/** A script of this name that was watched before has left its state behind, of use if it is the same command. */
function standingFrom({ run, user, start }: TrackScriptConfig, before: Watched | undefined): TrackerStanding {
  if (before === undefined) return { state: start, against: 0, isSettled: false };
  const isSame = before.script.user === user && before.script.run.join('\0') === run.join('\0');
  return isSame ? { ...before.standing, against: 0 } : { state: 'unknown', against: 0, isSettled: false };
}
