/** The configuration on disk: the one in force, which the VRRP process reads too, and the last that was seen to work. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredConfig } from './config-shape.ts';
import { storedConfigShape } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { accept } from './shape.ts';

export class ConfigStore {
  readonly path: string;
  readonly #lastGood: string;
  readonly #journal: Journal;

  /** @param path - of config.json; last-good.json stands beside it */
  constructor(path: string, journal: Journal) {
    this.path = path;
    this.#lastGood = join(path, '..', 'last-good.json');
    this.#journal = journal;
  }

  /** What to start with: the configuration in force, else the last good one, else none. */
  load(): { readonly stored: StoredConfig | null; readonly error: string | null } {
    const [current, error] = this.#read(this.path);
    if (current !== null || error === null) return { stored: current, error };
    const [lastGood, second] = this.#read(this.#lastGood);
    if (second !== null) this.#journal.note('error', 'config', second);
    if (lastGood !== null) this.#restore(lastGood);
    return { stored: lastGood, error };
  }

  /** Puts `stored` in force. @throws when it cannot be written */
  save(stored: StoredConfig | null): void {
    if (stored === null) rmSync(this.path, { force: true });
    else writeJson(this.path, stored);
  }

  /** Remembers `stored` as one that works. */
  confirm(stored: StoredConfig): void {
    try {
      writeJson(this.#lastGood, stored);
    } catch (error) {
      this.#journal.note('error', 'config', `${this.#lastGood} cannot be written: ${(error as Error).message}`);
    }
  }

  /** The VRRP process reads the same file. */
  #restore(lastGood: StoredConfig): void {
    try {
      this.save(lastGood);
    } catch (error) {
      this.#journal.note('error', 'config', `${this.path} cannot be written: ${(error as Error).message}`);
    }
  }

  #read(path: string): [StoredConfig | null, string | null] {
    try {
      const value = readJson(path);
      return [value === undefined ? null : accept(storedConfigShape, value, 'config'), null];
    } catch (error) {
      return [null, `${path} cannot be used: ${(error as Error).message}`];
    }
  }
}
