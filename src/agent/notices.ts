/** Who is told of what happens: the event stream, the commands of `notify`, and the alerts. */
import { join } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { InstanceReport } from '../vrrp/link.ts';
import { Alerter } from './alerts/alerter.ts';
import { Spool } from './alerts/spool.ts';
import { type Judgements, judgementsOf, remembered, verdictChanges } from './alerts/verdicts.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { type Move, Moves, type Transition } from './notify/moves.ts';
import { Notifier } from './notify/notifier.ts';
import { ServiceNotices } from './notify/service-notices.ts';
import { subjectsOf } from './notify/subject.ts';
import type { Prober } from './prober.ts';
import type { RunProgram } from './script-run.ts';
import { StrangerNotes } from './stranger-notes.ts';
import { ToldStore } from './told-store.ts';

export interface NoticesOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly journal: Journal;
  readonly runProgram: RunProgram;
  readonly prober: Pick<Prober, 'plan' | 'standing'>;
  /** Of notified.json, alerted.json and the folder `alerts`. */
  readonly stateFolder: string;
  /** Of services-notified.json. */
  readonly runtimeFolder: string;
}

export class Notices {
  readonly services: ServiceNotices;
  readonly #options: NoticesOptions;
  readonly #moves: Moves;
  readonly #notifier: Notifier;
  readonly #alerter: Alerter;
  readonly #strangers: StrangerNotes;
  /** null: the next look is where changes are counted from. */
  #judgements: Judgements | null = null;
  #isJudging = false;

  constructor(options: NoticesOptions) {
    const { clock, random, journal, runProgram, stateFolder } = options;
    this.#options = options;
    const toldIn = (file: string): ToldStore => new ToldStore(join(stateFolder, file), journal);
    this.#notifier = new Notifier({ clock, journal, run: runProgram, told: toldIn('notified.json') });
    const spool = new Spool({ folder: join(stateFolder, 'alerts'), journal, wall: () => clock.wall() });
    this.services = new ServiceNotices(options);
    this.#alerter = new Alerter({ clock, random, journal, spool, told: toldIn('alerted.json') });
    this.#strangers = new StrangerNotes(journal);
    this.#moves = new Moves((move) => this.#onMove(move));
  }

  configure(stored: StoredConfig | null): void {
    if (stored === null) return;
    const { config, self } = stored;
    const where = { cluster: config.cluster, director: self };
    const subjects = subjectsOf(config, self);
    this.#notifier.configure(where, subjects);
    this.services.configure(where, config);
    this.#alerter.configure(where, config.alerts);
    this.#moves.configure(subjects, this.#options.clock.wall());
  }

  transition(transition: Transition): void {
    const { instance, from, to, cause, at } = transition;
    const level = to === 'FAULT' ? 'warning' : 'notice';
    const message = `${instance}: ${from} → ${to} (${cause})`;
    this.#options.journal.record(level, 'vrrp', message, { instance, from, to }, at);
    this.#moves.transition(transition);
  }

  /** What the VRRP process says on a new connection. */
  found(instances: readonly InstanceReport[]): void {
    const { clock, journal } = this.#options;
    for (const { name, state, cause, since } of instances) {
      const when = new Date(since).toISOString();
      journal.record('info', 'vrrp', `${name} is ${state} since ${when} (${cause})`, { instance: name, to: state });
    }
    this.#moves.found(instances, clock.wall());
  }

  /** What the VRRP process says once a second. */
  reported(instances: readonly InstanceReport[]): void {
    this.#strangers.take(instances);
  }

  /** Compares the verdicts with those of the last look. */
  judge(): void {
    if (!this.#alerter.isOn) {
      this.#judgements = null;
      return;
    }
    const { clock, prober } = this.#options;
    const before = this.#judgements;
    const now = judgementsOf(prober.plan, (key) => prober.standing(key));
    this.#judgements = before === null ? now : remembered(before, now);
    if (before === null) return;
    for (const change of verdictChanges(before, this.#judgements)) this.#alerter.takeVerdict(change, clock.wall());
  }

  /** At the end of this turn of the loop: a thousand verdicts may come in one. */
  judgeSoon(): void {
    if (this.#isJudging) return;
    this.#isJudging = true;
    setImmediate(() => {
      this.#isJudging = false;
      this.judge();
    });
  }

  /** No instance is known to be anything but stopped. */
  get areStopped(): boolean {
    return this.#moves.areStopped;
  }

  /** Why somebody is not told. */
  get problems(): readonly string[] {
    return this.#alerter.problems;
  }

  async stop(isForGood: boolean): Promise<void> {
    const { clock } = this.#options;
    await Promise.all([
      this.#notifier.stop(isForGood, clock.wall()),
      this.services.stop(isForGood),
      this.#alerter.stop(isForGood),
    ]);
  }

  #onMove(move: Move): void {
    this.#notifier.take(move);
    this.#alerter.take(move);
  }
}
