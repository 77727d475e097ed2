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
  cancelTimer: () => void;
}

export class TrackedScripts {
  readonly #options: TrackedScriptsOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: TrackedScriptsOptions) {
    this.#options = options;
  }

  /** Takes another set; scripts that stay as they were go on. */
  configure(scripts: readonly TrackScriptConfig[]): void {
    const texts = new Map(scripts.map((script) => [script.name, JSON.stringify(script)]));
    for (const [name, { text }] of this.#watched) if (texts.get(name) !== text) this.#drop(name);
    for (const script of scripts) {
      if (this.#watched.has(script.name)) continue;
      const standing = { state: script.start, against: 0 };
      const aborter = new AbortController();
      const watched = { script, text: JSON.stringify(script), aborter, standing, cancelTimer: () => {} };
      this.#watched.set(script.name, watched);
      void this.#run(watched);
    }
  }

  states(): Record<string, TrackerState> {
    return Object.fromEntries([...this.#watched].map(([name, { standing }]) => [name, standing.state]));
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
    watched.standing = afterRun(before, script, problem === undefined);
    if (watched.standing.state !== before.state) this.#tell(script.name, watched.standing.state, problem);
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
