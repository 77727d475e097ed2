/** Which state of what was told last, kept across restarts: a small file, written whole. */
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import type { Told } from './notify/subject.ts';
import { accept, list, object, oneOf, record, text } from './shape.ts';

export interface LastTold {
  readonly state: Told;
  /** What is still to be done to tell it, by name; empty when all is done. */
  readonly left: readonly string[];
}

const toldShape = record(object({ state: oneOf('MASTER', 'BACKUP', 'FAULT', 'STOP', 'UP', 'DOWN'), left: list(text) }));

export class ToldStore {
  readonly #path: string;
  readonly #journal: Journal;
  readonly #told: Map<string, LastTold>;
  readonly #soon: (write: () => void) => void;
  #isDue = false;

  /** @param soon - when it is written; at once, unless so much is told that many changes shall be one write */
  constructor(path: string, journal: Journal, soon: (write: () => void) => void = (write) => write()) {
    this.#path = path;
    this.#journal = journal;
    this.#soon = soon;
    this.#told = new Map(Object.entries(this.#read()));
  }

  last(key: string): LastTold | undefined {
    return this.#told.get(key);
  }

  /** @param told - undefined forgets it */
  set(key: string, told: LastTold | undefined): void {
    const before = this.#told.get(key);
    if (JSON.stringify(before) === JSON.stringify(told)) return;
    if (told === undefined) this.#told.delete(key);
    else this.#told.set(key, told);
    this.#writeSoon();
  }

  /** Forgets what nobody speaks of any more. */
  keep(isKept: (key: string) => boolean): void {
    const gone = [...this.#told.keys()].filter((key) => !isKept(key));
    for (const key of gone) this.#told.delete(key);
    if (gone.length > 0) this.#writeSoon();
  }

  /** Writes what is due. */
  flush(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#write();
  }

  #writeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#soon(() => this.flush());
  }

  #read(): Readonly<Record<string, LastTold>> {
    try {
      return accept(toldShape, readJson(this.#path) ?? {}, 'told');
    } catch (error) {
      const why = (error as Error).message;
      this.#journal.note('error', 'agent', `${this.#path} is not readable, so what was told last is unknown: ${why}`);
      return {};
    }
  }

  /** A disk that is full keeps nobody from being told. */
  #write(): void {
    try {
      writeJson(this.#path, Object.fromEntries(this.#told));
    } catch (error) {
      this.#journal.note('error', 'agent', `${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }
}
