/**
 * The commands of services: `quorum.up` and `down`, and `notify` of realservers. As those of VRRP instances they run one after the
 * other for each subject, in order, none twice; what was told last is kept for as long as the kernel runs, for what commands have
 * done to a machine does not outlast that.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { ServiceConfig } from '../../config/service.ts';
import type { Quorum } from '../../health/quorum.ts';
import { quorumCause } from '../../health/service-news.ts';
import { isHeld, type Member, type ServiceStanding } from '../../health/service-standing.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Journal } from '../journal.ts';
import type { RunProgram } from '../script-run.ts';
import { ToldStore } from '../told-store.ts';
import type { Where } from './command.ts';
import { fewAtOnce } from './few-at-once.ts';
import { Notifier } from './notifier.ts';
import { realserverName, type ServiceSubject, serviceSubjectsOf } from './service-subject.ts';
import { subjectKey, type Told } from './subject.ts';

/** Commands of all services together. */
const AT_ONCE = 8;
/** What changes within this is one write. */
const WRITE_MS = 100;

export interface ServiceNoticesOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly runProgram: RunProgram;
  /** Of what holds for the running kernel only. */
  readonly runtimeFolder: string;
}

export class ServiceNotices {
  readonly #clock: Clock;
  readonly #told: ToldStore;
  readonly #notifier: Notifier;
  #subjects: ReadonlyMap<string, ServiceSubject> = new Map();

  constructor({ clock, journal, runProgram, runtimeFolder }: ServiceNoticesOptions) {
    this.#clock = clock;
    this.#told = new ToldStore(
      join(runtimeFolder, 'services-notified.json'),
      journal,
      (write) => void clock.setTimer(clock.now() + WRITE_MS, write),
    );
    this.#notifier = new Notifier({ clock, journal, run: fewAtOnce(runProgram, AT_ONCE), told: this.#told });
  }

  configure(where: Where, config: Config): void {
    const subjects = serviceSubjectsOf(config);
    this.#subjects = new Map(subjects.map((subject) => [subjectKey(subject), subject]));
    this.#told.keep((key) => this.#subjects.has(key));
    this.#notifier.configure(where, subjects);
  }

  /** Of its commands; unknown where it has none. */
  toldQuorum(service: string): Quorum {
    const state = this.#told.last(subjectKey({ type: 'QUORUM', name: service }))?.state;
    return state === 'UP' ? 'up' : state === 'DOWN' ? 'down' : 'unknown';
  }

  /** After a look at a service. Only what a check has said is told; whoever is served though its checks fail is not down. */
  look(service: ServiceConfig, members: readonly Member[], standing: ServiceStanding): void {
    if (standing.quorum !== 'unknown') {
      this.#tell({ type: 'QUORUM', name: service.name }, standing.quorum, quorumCause(service, standing));
    }
    for (const { name: realserver, verdict, isPresumed, error } of members) {
      if (verdict === 'unknown' || isPresumed || isHeld(standing, realserver)) continue;
      const cause = error ?? 'its checks pass';
      this.#tell({ type: 'REALSERVER', name: realserverName(service.name, realserver) }, verdict, cause);
    }
  }

  async stop(isForGood: boolean): Promise<void> {
    await this.#notifier.stop(isForGood, this.#clock.wall());
    this.#told.flush();
  }

  #tell(one: Pick<ServiceSubject, 'type' | 'name'>, state: 'up' | 'down', cause: string): void {
    const subject = this.#subjects.get(subjectKey(one));
    if (subject === undefined) return;
    const to: Told = state === 'up' ? 'UP' : 'DOWN';
    this.#notifier.take({ subject, to, cause, priority: 0, at: this.#clock.wall(), seen: 'transition' });
  }
}
