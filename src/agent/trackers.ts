/**
 * All that the instances of this director track and the VRRP process cannot see by itself: scripts, files, and whether enough of a
 * service lives. Told to it as a whole, and only news: a thousand verdicts may come in one turn of the loop.
 */

import type { ServiceConfig } from '../config/service.ts';
import { type Tracked, trackedOn } from '../config/tracked.ts';
import { serviceTracker } from '../health/service-tracker.ts';
import type { Verdict } from '../health/verdict.ts';
import type { Clock } from '../kernel/clock.ts';
import type { ToVrrp, TrackerKind } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import type { Prober } from './prober.ts';
import { TrackedFiles } from './tracked-files.ts';
import { type RunScript, TrackedScripts } from './tracked-scripts.ts';

export interface TrackersOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly runScript: RunScript;
  readonly prober: Pick<Prober, 'plan' | 'judge'>;
  /** @returns whether it was sent; what is not is part of the next greeting */
  readonly send: (message: ToVrrp) => boolean;
}

const NOTHING: Tracked = { scripts: [], services: [], files: [] };

export class Trackers {
  readonly #options: TrackersOptions;
  readonly #scripts: TrackedScripts;
  readonly #files: TrackedFiles;
  #tracked = NOTHING;
  #isTelling = false;
  /** What the VRRP process was told last. */
  #told = '';

  constructor(options: TrackersOptions) {
    const { clock, journal, runScript } = options;
    const onChange = (): void => this.tell();
    this.#options = options;
    this.#scripts = new TrackedScripts({ clock, journal, run: runScript, onChange });
    this.#files = new TrackedFiles({ clock, journal, onChange });
  }

  configure(stored: StoredConfig | null): void {
    this.#tracked = stored === null ? NOTHING : trackedOn(stored.config, stored.self);
    this.#scripts.configure(this.#tracked.scripts);
    this.#files.configure(this.#tracked.files);
  }

  /** For a VRRP process that knows nothing yet. */
  greeting(): ToVrrp {
    const message = this.#message();
    this.#told = JSON.stringify(message);
    return message;
  }

  /** Tells news at the end of this turn of the loop. */
  tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      const message = this.#message();
      const text = JSON.stringify(message);
      if (text !== this.#told && this.#options.send(message)) this.#told = text;
    });
  }

  /** Why a script failed last, or a file cannot be looked at; null: there is nothing to say. */
  problemOf(kind: TrackerKind, name: string): string | null {
    const problems = { script: this.#scripts.problems(), file: this.#files.problems(), interface: {}, service: {} };
    const ofKind: Record<string, string | null> = problems[kind];
    return ofKind[name] ?? null;
  }

  stop(): void {
    this.#scripts.stop();
    this.#files.stop();
  }

  #message(): ToVrrp {
    const scripts = this.#scripts.states();
    return { type: 'tracking', scripts, services: this.#services(), files: this.#files.states() };
  }

  #services(): Record<string, Verdict> {
    const { services } = this.#tracked;
    if (services.length === 0) return {};
    const { prober } = this.#options;
    const judged = Map.groupBy(prober.plan.judged, ({ service }) => service);
    const verdictOf = (service: ServiceConfig): Verdict =>
      serviceTracker(service, judged.get(service.name) ?? [], (probes) => prober.judge(probes));
    return Object.fromEntries(services.map((service) => [service.name, verdictOf(service)]));
  }
}
