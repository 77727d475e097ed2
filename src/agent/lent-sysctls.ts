/**
 * Kernel settings that are changed for a while and put back afterwards. What they were before is kept on disk, so that an agent
 * that dies in between puts them back, too.
 */
import type { Sysctls } from '../kernel/sysctls.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { accept, object, record, text } from './shape.ts';

interface Lent {
  readonly before: string;
  readonly now: string;
}

const lentShape = record(object({ before: text, now: text }));

export class LentSysctls {
  readonly #sysctls: Sysctls;
  readonly #journal: Journal;
  readonly #path: string;
  #lent: Readonly<Record<string, Lent>>;
  /** The last failure: it may come again every second. */
  #told = '';

  constructor(sysctls: Sysctls, journal: Journal, path: string) {
    this.#sysctls = sysctls;
    this.#journal = journal;
    this.#path = path;
    this.#lent = readLent(path, journal);
  }

  /** What is set for a while, by name. */
  get all(): Readonly<Record<string, Lent>> {
    return this.#lent;
  }

  /** Makes exactly these differ from what they were; a setting that somebody else has changed meanwhile is left to him. */
  settle(wanted: Readonly<Record<string, string>>): void {
    for (const [name, { before, now }] of Object.entries(this.#lent)) {
      if (wanted[name] === now) continue;
      if (this.#sysctls.read(name) === now && !this.#write(name, before)) continue;
      const { [name]: _, ...rest } = this.#lent;
      this.#keep(rest);
    }
    for (const [name, now] of Object.entries(wanted)) {
      if (this.#lent[name] !== undefined) continue;
      const before = this.#sysctls.read(name);
      if (before === undefined || before === now) continue;
      this.#keep({ ...this.#lent, [name]: { before, now } }); // before it is changed: a crash in between must not lose it
      this.#write(name, now);
    }
  }

  #write(name: string, value: string): boolean {
    const error = this.#sysctls.write(name, value);
    if (error !== undefined && error.message !== this.#told) this.#journal.note('error', 'agent', error.message);
    this.#told = error?.message ?? '';
    return error === undefined;
  }

  #keep(lent: Readonly<Record<string, Lent>>): void {
    this.#lent = lent;
    try {
      writeJson(this.#path, lent);
    } catch (error) {
      this.#journal.note('error', 'agent', `${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function readLent(path: string, journal: Journal): Readonly<Record<string, Lent>> {
  try {
    return accept(lentShape, readJson(path) ?? {}, 'sysctls');
  } catch (error) {
    journal.note('error', 'agent', `${path} is not readable and was passed over: ${(error as Error).message}`);
    return {};
  }
}
