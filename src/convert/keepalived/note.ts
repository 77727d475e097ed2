/** What a keepalived.conf says that a topology does not carry, or that a person has to decide: each with its place. */
import type { Origin } from '../draft.ts';

export type At = Origin;

export interface Note {
  readonly at: At;
  /** wrong: the text cannot be read on; lost: lvsctl will not do it; decide: a person has to; harmless: nothing depends on it. */
  readonly kind: 'wrong' | 'lost' | 'decide' | 'harmless';
  /** As it stands in the file, shortened. */
  readonly what: string;
  /** Why, and what to do about it: one clause. */
  readonly why: string;
}

/** Takes what is to be told while something is read. */
export class Notes {
  readonly #all: Note[] = [];

  /** In the order of files and lines, each once. */
  get all(): readonly Note[] {
    const unique = new Map(this.#all.map((note) => [`${atText(note.at)} ${note.what} ${note.why}`, note]));
    const files = [...new Set(this.#all.map(({ at }) => at.file))];
    const place = ({ at }: Note): number => files.indexOf(at.file);
    return [...unique.values()].sort((a, b) => place(a) - place(b) || a.at.line - b.at.line);
  }

  say(kind: Note['kind'], at: At, what: string, why: string): void {
    this.#all.push({ kind, at, what: what.length > LONGEST ? `${what.slice(0, LONGEST)}…` : what, why });
  }
}

const LONGEST = 80;

export function atText({ file, line }: At): string {
  return `${file}:${line}`;
}

/** `file:line: what: why` */
export function noteLine({ at, what, why }: Note): string {
  return `${atText(at)}: ${what}: ${why}`;
}
