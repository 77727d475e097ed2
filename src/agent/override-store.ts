/** Drains and other overrides, kept across restarts of agent and machine. */
import { hasExpired, type Override, withOverrides, withoutOverrides } from '../balancer/override.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { overridesShape } from './ownership-shape.ts';
import { accept } from './shape.ts';

export class OverrideStore {
  readonly #path: string;
  #overrides: readonly Override[];

  constructor(path: string, journal: Journal) {
    this.#path = path;
    this.#overrides = read(path, journal);
  }

  get all(): readonly Override[] {
    return this.#overrides;
  }

  /** @throws when it cannot be written; then nothing has changed */
  add(added: readonly Override[]): void {
    this.#replace(withOverrides(this.#overrides, added));
  }

  /** @returns those taken back. @throws when it cannot be written */
  remove(realservers: readonly string[], services: readonly string[] | null): readonly Override[] {
    const kept = withoutOverrides(this.#overrides, realservers, services);
    const gone = this.#overrides.filter((one) => !kept.includes(one));
    if (gone.length > 0) this.#replace(kept);
    return gone;
  }

  /** @returns those whose time is over, which are forgotten */
  expire(wallMs: number): readonly Override[] {
    const gone = this.#overrides.filter((one) => hasExpired(one, wallMs));
    if (gone.length > 0) this.#replace(this.#overrides.filter((one) => !gone.includes(one)));
    return gone;
  }

  #replace(overrides: readonly Override[]): void {
    writeJson(this.#path, overrides);
    this.#overrides = overrides;
  }
}

function read(path: string, journal: Journal): readonly Override[] {
  try {
    return accept(overridesShape, readJson(path) ?? [], 'overrides');
  } catch (error) {
    journal.note('error', 'override', `${path} is not readable, drains are lost: ${(error as Error).message}`);
    return [];
  }
}
