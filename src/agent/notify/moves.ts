/**
 * What the VRRP process says, as moves of instances and sync groups from state to state, in order. Transitions come one by one
 * while the link stands; with each new connection comes a report of how things are, whatever was missed before it.
 */
import type { FromVrrp, InstanceReport } from '../../vrrp/link.ts';
import { groupState, type Subject, subjectKey, type Told, toldState } from './subject.ts';

export interface Move<S = Subject> {
  readonly subject: S;
  readonly to: Told;
  /** One sentence. */
  readonly cause: string;
  /** Of an instance as it advertises; 0 for a group, as keepalived has it. */
  readonly priority: number;
  /** Epoch ms. */
  readonly at: number;
  /** `found`: it was in this state when the link came up; how it came there was not seen. */
  readonly seen: 'transition' | 'found';
}

export type Transition = Extract<FromVrrp, { type: 'transition' }>;
type News = Omit<Move, 'subject' | 'to'>;

export class Moves {
  readonly #onMove: (move: Move) => void;
  #subjects: readonly Subject[] = [];
  /** No longer in the configuration; the VRRP process has yet to end them. */
  #leaving: readonly Subject[] = [];
  readonly #states = new Map<string, Told | undefined>();

  constructor(onMove: (move: Move) => void) {
    this.#onMove = onMove;
  }

  /** No instance is known to be anything else. */
  get areStopped(): boolean {
    return [...this.#states.values()].every((state) => state === 'STOP');
  }

  configure(subjects: readonly Subject[], now: number): void {
    const names = new Set(subjects.map(subjectKey));
    const gone = [...this.#subjects, ...this.#leaving].filter((one) => !names.has(subjectKey(one)));
    this.#subjects = subjects;
    this.#leaving = gone.filter(({ type, name }) => type === 'INSTANCE' && this.#states.has(name));
    const news = { cause: 'no longer in the configuration', priority: 0, at: now, seen: 'transition' } as const;
    for (const subject of gone) if (subject.type === 'GROUP') this.#onMove({ subject, to: 'STOP', ...news });
  }

  transition({ instance, to, cause, at, priority = 0 }: Transition): void {
    const state = toldState(to);
    this.#states.set(instance, state);
    this.#tell(instance, state, { cause, priority, at, seen: 'transition' });
    if (state === 'STOP') this.#forget(instance);
  }

  /** The first report of a connection. */
  found(instances: readonly InstanceReport[], now: number): void {
    const reports = new Map(instances.map((one) => [one.name, one]));
    const expected = [...this.#subjects, ...this.#leaving].flatMap(({ members }) => members);
    this.#states.clear();
    const names = [...new Set([...reports.keys(), ...expected])];
    for (const name of names) this.#states.set(name, toldState(reports.get(name)?.state ?? 'INIT'));
    for (const name of names) {
      const { cause = 'the VRRP process has no such instance', priority = 0, since = now } = reports.get(name) ?? {};
      this.#tell(name, this.#states.get(name), { cause, priority, at: since, seen: 'found' });
      if (!reports.has(name)) this.#forget(name);
    }
  }

  #tell(instance: string, state: Told | undefined, news: News): void {
    for (const subject of [...this.#subjects, ...this.#leaving]) {
      if (!subject.members.includes(instance)) continue;
      if (subject.type === 'INSTANCE') {
        if (state !== undefined) this.#onMove({ subject, to: state, ...news });
        continue;
      }
      const to = groupState(subject.members.map((member) => this.#states.get(member)));
      if (to !== undefined) this.#onMove({ subject, to, ...news, cause: `${instance}: ${news.cause}`, priority: 0 });
    }
  }

  #forget(instance: string): void {
    if (!this.#leaving.some(({ name }) => name === instance)) return;
    this.#leaving = this.#leaving.filter(({ name }) => name !== instance);
    this.#states.delete(instance);
  }
}
