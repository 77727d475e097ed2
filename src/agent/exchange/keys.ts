/**
 * The key that the directors of a cluster share: two lines, its fingerprint and its 32 bytes in hex, in a file that only root
 * reads. lvsctl makes it and gives it to every director. Whoever gets another one keeps the former beside it for a while, seals
 * with both and believes both, so that a key is replaced one director at a time and nobody falls silent.
 */
import { readFileSync, statSync } from 'node:fs';
import { keyInFile } from '../../config/exchange.ts';
import { sha256 } from './seal.ts';

/** How long a former key counts: longer than the apply that replaces it. */
const FORMER_MS = 3_600_000;

interface Key {
  readonly id: string;
  readonly hex: string;
}

export class ExchangeKeys {
  readonly #path: string;
  readonly #wall: () => number;
  #current: Key | null = null;
  /** What was current before the file was replaced, while this process ran. */
  #before: { readonly key: Key; readonly until: number } | null = null;
  #former: Key | null = null;
  #error: string | null = null;

  /** @param path the former key is at `<path>.former`. */
  constructor(path: string, wall: () => number) {
    this.#path = path;
    this.#wall = wall;
    this.refresh();
  }

  /** The file as it is now. Taken away, it goes on counting until there is another. */
  refresh(): void {
    const [key, error] = read(this.#path);
    this.#error = error;
    this.#former = isYoung(`${this.#path}.former`, this.#wall()) ? read(`${this.#path}.former`)[0] : null;
    if (key === null || key.id === this.#current?.id) return;
    if (this.#current !== null) this.#before = { key: this.#current, until: this.#wall() + FORMER_MS };
    this.#current = key;
  }

  /** What everything is sealed with and opened by, the newest first; none without a key. */
  get all(): readonly Uint8Array[] {
    const before = this.#before !== null && this.#before.until > this.#wall() ? this.#before.key : null;
    const known = [this.#current, before, this.#former].filter((key) => key !== null);
    return [...new Set(known.map(({ hex }) => hex))].map((hex) => Buffer.from(hex, 'hex'));
  }

  /** Fingerprint of the one in the file; null when there is none that can be used. */
  get id(): string | null {
    return this.#error === null ? (this.#current?.id ?? null) : null;
  }

  /** Why there is none in the file, one clause; or null. */
  get error(): string | null {
    return this.#error;
  }
}

function isYoung(path: string, wallMs: number): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > wallMs - FORMER_MS;
}

function read(path: string): [Key, null] | [null, string] {
  try {
    const key = keyInFile(readFileSync(path, 'utf8'), sha256);
    return key === undefined ? [null, `${path} is damaged; remove it and apply`] : [key, null];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [null, code === 'ENOENT' ? `there is no ${path}; apply makes one` : message];
  }
}
