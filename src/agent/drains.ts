/** What operators say of realservers: checked against the configuration, kept, told, applied at once, and ended at its time. */
import { isSameSubject, type Override, type Subject } from '../balancer/override.ts';
import type { Said } from '../balancer/said.ts';
import type { Config } from '../config/config.ts';
import { objectionsTo } from '../config/drain-policy.ts';
import { drainOf, servingIn } from '../status/drain.ts';
import type { AgentState } from '../status/state.ts';
import type { Journal } from './journal.ts';
import type { OverrideStore } from './override-store.ts';
import { Refusal } from './refusal.ts';

export interface DrainsOptions {
  readonly store: OverrideStore;
  readonly journal: Journal;
  readonly wall: () => number;
  readonly config: () => Config | null;
  /** Brings the kernel's table in line, and waits for it. */
  readonly apply: (cause: string) => Promise<void>;
  /** Another director may know of a drain that this one does not. */
  readonly isSomebodyAway: () => boolean;
  /** Operators have said something new: the other directors shall know. */
  readonly onSaid: () => void;
}

export class Drains {
  readonly #options: DrainsOptions;

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  get all(): readonly Override[] {
    return this.#options.store.all;
  }

  /** What speaks against a drain at this director, one sentence each. */
  objections(realservers: readonly string[], services: readonly string[] | null, state: AgentState): string[] {
    const asked = (this.#options.config()?.services ?? []).filter(({ name }) => services?.includes(name) ?? true);
    const leaving = ({ name }: { readonly name: string }): Set<string> =>
      new Set(realservers.filter((realserver) => drainOf(state, realserver, name) === undefined));
    return asked.flatMap((one) => objectionsTo(one, leaving(one), servingIn(state, one.name)));
  }

  /** @throws Refusal when a realserver or service is not in the configuration; Error when it cannot be written */
  async add(overrides: readonly Override[]): Promise<void> {
    for (const { realserver, service } of overrides) this.#mustKnow(realserver, service);
    this.#options.store.add(overrides);
    this.#options.onSaid();
    for (const override of overrides) this.#note(override.realserver, wordsOf(override));
    await this.#options.apply('an operator has changed a weight');
  }

  /** @returns how many were taken back. @throws Error when it cannot be written */
  async remove(realservers: readonly string[], services: readonly string[] | null): Promise<number> {
    const { store, isSomebodyAway } = this.#options;
    const gone = store.remove(realservers, services, isSomebodyAway() ? this.#subjectsOf(realservers, services) : []);
    this.#options.onSaid();
    this.#tellEnded(gone, 'was taken back');
    await this.#options.apply('an override was taken back');
    return gone.length;
  }

  /** Takes in what another director was told. */
  learn(said: Said, from: string): void {
    const { store, journal, onSaid, apply } = this.#options;
    try {
      const { added, gone, isNews } = store.learn(said);
      for (const override of added) this.#note(override.realserver, `${wordsOf(override)}, as ${from} knows`);
      const ended = gone.filter((one) => !added.some((other) => isSameSubject(one, other)));
      this.#tellEnded(ended, `was taken back, as ${from} knows`);
      if (isNews) onSaid();
      if (added.length > 0 || gone.length > 0) void apply(`${from} knew of other drains`);
    } catch (error) {
      journal.note('error', 'override', `what ${from} knows of drains cannot be kept: ${(error as Error).message}`);
    }
  }

  /** Forgets what has run out, which the table no longer heeds by itself. */
  expire(): void {
    try {
      this.#tellEnded(this.#options.store.expire(this.#options.wall()), 'has run out');
    } catch {
      // The disk is full: what has run out holds no longer all the same, and is forgotten later.
    }
  }

  #tellEnded(gone: readonly Override[], how: string): void {
    for (const override of gone) {
      const { realserver, owner } = override;
      this.#note(realserver, `the override of ${realserver}${inService(override)} by ${owner} ${how}`);
    }
  }

  #note(realserver: string, message: string): void {
    this.#options.journal.note('notice', 'override', message, { realserver });
  }

  /** All that may have been said of them. */
  #subjectsOf(realservers: readonly string[], services: readonly string[] | null): Subject[] {
    const serving = (realserver: string): string[] =>
      (this.#options.config()?.services ?? [])
        .filter((one) => one.realservers.some(({ name }) => name === realserver))
        .map(({ name }) => name);
    return realservers.flatMap((realserver) =>
      (services ?? [null, ...serving(realserver)]).map((service) => ({ realserver, service })),
    );
  }

  #mustKnow(realserver: string, service: string | null): void {
    const services = this.#options.config()?.services ?? [];
    if (service !== null && !services.some(({ name }) => name === service)) {
      throw new Refusal(404, `there is no service ${service}`);
    }
    const isIn = services.some(
      ({ name, realservers }) =>
        (service === null || name === service) && realservers.some((one) => one.name === realserver),
    );
    if (isIn) return;
    throw new Refusal(404, `${service ?? 'no service'} has ${service === null ? 'a' : 'no'} realserver ${realserver}`);
  }
}

function wordsOf(override: Override): string {
  const { realserver, owner, reason, weight } = override;
  const what = weight === 0 ? 'is drained' : `has weight ${weight}`;
  return `${realserver} ${what}${inService(override)} (${owner}${reason === null ? '' : `: ${reason}`})`;
}

function inService({ service }: Override): string {
  return service === null ? '' : ` in ${service}`;
}
