/** The configuration in force: put there one at a time, and the former one again when disk, kernel or VRRP process refuses it. */
import { completed } from './complete-config.ts';
import type { StoredConfig } from './config-shape.ts';
import { ConfigStore } from './config-store.ts';
import type { Journal } from './journal.ts';
import { Refusal } from './refusal.ts';

export interface InForceOptions {
  /** config.json; last-good.json stands beside it. */
  readonly configPath: string;
  readonly journal: Journal;
  /** Makes it so, null: none. @returns what was said against it */
  readonly apply: (stored: StoredConfig | null) => Promise<readonly string[]>;
  /** It works, and stays. */
  readonly onConfirmed: (stored: StoredConfig) => void;
}

export class InForce {
  readonly #options: InForceOptions;
  readonly #store: ConfigStore;
  #stored: StoredConfig | null = null;
  #error: string | null = null;
  #installing: Promise<void> = Promise.resolve();

  constructor(options: InForceOptions) {
    this.#options = options;
    this.#store = new ConfigStore(options.configPath, options.journal);
  }

  get stored(): StoredConfig | null {
    return this.#stored;
  }

  /** Why it is not the one that was wanted last, or null. */
  get error(): string | null {
    return this.#error;
  }

  /** What the disk has, at the start: it is in force from then on. */
  load(): StoredConfig | null {
    const { stored: kept, error } = this.#store.load();
    const stored = kept && completed(kept);
    if (error !== null) this.#options.journal.note('error', 'config', error);
    this.#stored = stored;
    this.#error = error;
    return stored;
  }

  /** @throws Refusal */
  install(next: StoredConfig): Promise<void> {
    const mine = this.#installing.then(() => this.#install(completed(next)));
    this.#installing = mine.catch(() => {});
    return mine;
  }

  async #install(next: StoredConfig): Promise<void> {
    const { journal, onConfirmed } = this.#options;
    const before = this.#stored;
    if (before !== null && next.generation < before.generation) {
      throw new Refusal(409, `generation ${next.generation} is older than ${before.generation}, which is in force`);
    }
    const problems = await this.#tryConfig(next);
    if (problems.length === 0) {
      this.#store.confirm(next);
      this.#error = null;
      onConfirmed(next);
      journal.note('notice', 'config', `configuration ${next.generation} is in force`, { hash: next.hash });
      return;
    }
    this.#error = `configuration ${next.generation} was rolled back: ${problems.join('; ')}`;
    journal.note('error', 'config', this.#error, { hash: next.hash });
    await this.#tryConfig(before);
    throw new Refusal(422, this.#error);
  }

  async #tryConfig(next: StoredConfig | null): Promise<readonly string[]> {
    try {
      this.#store.save(next);
    } catch (error) {
      return [`it cannot be written: ${(error as Error).message}`];
    }
    this.#stored = next;
    return this.#options.apply(next);
  }
}
