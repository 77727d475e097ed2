/**
 * keepalived.conf as a tree of statements: words on a line, with or without a block in braces (keepalived.conf(5)). Values are
 * as keepalived takes them: quotes gone, escapes resolved, comments left out. Included files are read in place. What changes
 * the text before keepalived reads it (definitions, conditions, sequences) is refused by name, never guessed.
 */
import { type At, Notes } from './note.ts';
import { type Line, wordsOf } from './words.ts';

export interface Statement {
  /** One at least. */
  readonly words: readonly string[];
  readonly at: At;
  /** null: no block. */
  readonly block: readonly Statement[] | null;
}

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** The files that an `include` means, in order; a text says why they cannot be had. */
export type Include = (pattern: string, from: string) => readonly SourceFile[] | string;

const DEEPEST_BLOCK = 16;
const DEEPEST_INCLUDE = 8;
const MOST_LINES = 1_000_000;
const CONTINUED = /\\[ \t\r]*$/;

interface Open {
  readonly statements: Statement[];
  /** Of the statement whose block it is; null: the file as a whole. */
  readonly at: At | null;
}

/** Never throws: what cannot be read is a note of kind `wrong`. */
export function statementsOf(file: SourceFile, include: Include, notes: Notes = new Notes()): readonly Statement[] {
  const reader = new Reader(include, notes);
  reader.read(file, 0);
  return reader.end();
}

class Reader {
  readonly #include: Include;
  readonly #notes: Notes;
  readonly #open: Open[] = [{ statements: [], at: null }];
  #lines = 0;

  constructor(include: Include, notes: Notes) {
    this.#include = include;
    this.#notes = notes;
  }

  read({ name, text }: SourceFile, depth: number): void {
    const lines = text.split('\n');
    for (let index = 0; index < lines.length; index++) {
      const at = { file: name, line: index + 1 };
      if (++this.#lines > MOST_LINES) {
        if (this.#lines === MOST_LINES + 1) this.#notes.say('wrong', at, 'this line', 'there are too many lines');
        return;
      }
      const pieces = [lines[index] ?? ''];
      // A backslash at the end joins the next line.
      while (CONTINUED.test(pieces.at(-1) ?? '') && index + 1 < lines.length) pieces.push(lines[++index] ?? '');
      this.#line(pieces.map((piece) => piece.replace(CONTINUED, ' ')).join(''), at, depth);
    }
  }

  end(): readonly Statement[] {
    for (const { at } of this.#open.slice(1)) {
      if (at !== null) this.#notes.say('wrong', at, '{', 'the block that begins here has no end');
    }
    return this.#open[0]?.statements ?? [];
  }

  #line(text: string, at: At, depth: number): void {
    const refused = refusalOf(text.trim());
    if (refused !== undefined) {
      this.#notes.say('wrong', at, text.trim(), refused);
      return;
    }
    const line = wordsOf(text);
    if (typeof line === 'string') this.#notes.say('wrong', at, text.trim(), line);
    else this.#take(line, at, depth);
  }

  #take(line: Line, at: At, depth: number): void {
    for (const part of line) {
      if (part === '{') this.#begin(at);
      else if (part === '}') this.#close(at);
      else if (/^include[rmwba]?$/.test(part[0] ?? '')) this.#included(part[1] ?? '', at, depth);
      else this.#statements.push({ words: part, at, block: null });
    }
  }

  get #statements(): Statement[] {
    return this.#open.at(-1)?.statements ?? [];
  }

  /** Of the statement before it, which may stand on the line before. */
  #begin(at: At): void {
    const owner = this.#statements.pop();
    if (owner === undefined || owner.block !== null || this.#open.length > DEEPEST_BLOCK) {
      const why =
        this.#open.length > DEEPEST_BLOCK ? 'blocks are nested too deep' : 'nothing is named before the brace';
      this.#notes.say('wrong', at, '{', why);
      if (owner !== undefined) this.#statements.push(owner);
      this.#open.push({ statements: [], at: null });
      return;
    }
    const statements: Statement[] = [];
    this.#statements.push({ ...owner, block: statements });
    this.#open.push({ statements, at: owner.at });
  }

  #close(at: At): void {
    if (this.#open.length > 1) this.#open.pop();
    else this.#notes.say('wrong', at, '}', 'no block is open here');
  }

  #included(pattern: string, at: At, depth: number): void {
    const files = depth < DEEPEST_INCLUDE ? this.#include(pattern, at.file) : 'files include each other too deep';
    if (typeof files === 'string') this.#notes.say('wrong', at, `include ${pattern}`, files);
    else for (const file of files) this.read(file, depth + 1);
  }
}

const WRITE_OUT = 'write out what it stands for';

/** keepalived.conf(5), "Advanced configuration". */
function refusalOf(line: string): string | undefined {
  if (line.startsWith('@')) return `a condition (@) depends on the host; ${WRITE_OUT}`;
  if (/^~(SEQx?|LST)\b/.test(line)) return `a sequence (~SEQ, ~LST) is not read; ${WRITE_OUT}`;
  if (/^\$\w+\s*=/.test(line)) return `a definition ($NAME=) is not read; ${WRITE_OUT}`;
  if (/^[^#!]*\$(\{_|_|\{[A-Z])/.test(line)) return `a parameter ($NAME) is not read; ${WRITE_OUT}`;
  return undefined;
}
