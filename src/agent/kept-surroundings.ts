/** Keeps what IPVS needs around its table: at once when something has changed, and now and then. */
import type { Marking } from '../balancer/marking.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { Surroundings } from './surroundings.ts';

/** What changes rarely, and costs the start of a program to read. */
const SURROUNDINGS_MS = 10_000;

export interface KeptSurroundingsOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly ipvs: Ipvs;
  readonly firewall: Firewall;
  /** What failed is tried again so soon: a module or an interface may be on its way. */
  readonly retryMs: number;
}

export class KeptSurroundings {
  readonly #options: KeptSurroundingsOptions;
  readonly #surroundings: Surroundings;
  #errors: readonly string[] = [];
  #dueMs = 0;

  constructor(options: KeptSurroundingsOptions) {
    this.#options = options;
    this.#surroundings = new Surroundings(options.ipvs, options.firewall);
  }

  /** What could not be done, one sentence each. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Looks at them at the next {@link settle}. */
  hurry(): void {
    this.#dueMs = 0;
  }

  async settle({ config, self }: StoredConfig, relayed: readonly Marking[]): Promise<void> {
    const { clock, journal, retryMs } = this.#options;
    if (clock.now() < this.#dueMs) return;
    const errors = await this.#surroundings.settle(config, self, relayed);
    for (const error of errors) if (!this.#errors.includes(error)) journal.note('error', 'ipvs', error);
    this.#errors = errors;
    this.#dueMs = clock.now() + (errors.length === 0 ? SURROUNDINGS_MS : retryMs);
  }
}
