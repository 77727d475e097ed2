/** How blocks are read: a handler a keyword, and nothing passed over in silence. */
import { type Address, parseAddress } from '../../wire/address.ts';
import { type Draft, type Entry, entry, values } from '../draft.ts';
import type { At, Note, Notes } from './note.ts';
import type { Statement } from './statement.ts';
import { commandWords } from './words.ts';

export type Part = Entry;
export type Tree = Draft;

/** Keyword → what is made of it. */
export type Handlers = Readonly<Record<string, (statement: Statement) => void>>;

/** Keywords that are known and not carried: whether something is lost by it, and why. */
export type Passed = Readonly<Record<string, readonly [kind: Note['kind'], why: string]>>;

export function readBlock(block: readonly Statement[], handlers: Handlers, passed: Passed, notes: Notes): void {
  for (const statement of block) {
    const keyword = statement.words[0] ?? '';
    const handler = Object.hasOwn(handlers, keyword) ? handlers[keyword] : undefined;
    const [kind, why] = (Object.hasOwn(passed, keyword) ? passed[keyword] : undefined) ?? ['lost', UNKNOWN];
    if (handler !== undefined) handler(statement);
    else notes.say(kind, statement.at, textOf(statement), why);
  }
}

const UNKNOWN = 'lvsctl has nothing like it';

export function textOf({ words, block }: Statement): string {
  return `${words.join(' ')}${block === null ? '' : ' { … }'}`;
}

/** The words of a block, a line each. */
export function linesOf({ block }: Statement): readonly Statement[] {
  return block ?? [];
}

/** A whole or broken number of seconds, as milliseconds; undefined is told. */
export function secondsIn(statement: Statement, notes: Notes, index = 1): number | undefined {
  const seconds = numberIn(statement, notes, index, /^\d{1,9}(\.\d{1,6})?$/);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

export function wholeIn(statement: Statement, notes: Notes, index = 1): number | undefined {
  return numberIn(statement, notes, index, /^-?\d{1,10}$/);
}

function numberIn(statement: Statement, notes: Notes, index: number, form: RegExp): number | undefined {
  const word = statement.words[index] ?? '';
  if (form.test(word)) return Number(word);
  notes.say('lost', statement.at, textOf(statement), 'a number was expected');
  return undefined;
}

export function addressIn(statement: Statement, notes: Notes, index = 1): Address | undefined {
  const address = parseAddress(statement.words[index] ?? '');
  if (address === undefined) notes.say('lost', statement.at, textOf(statement), 'an address was expected');
  return address;
}

/** `on`, `true`, `yes` or nothing. */
export function isOn({ words }: Statement, index = 1): boolean {
  return !/^(off|false|no)$/i.test(words[index] ?? 'on');
}

export function duration(ms: number): string {
  return ms % 60_000 === 0 && ms > 0 ? `${ms / 60_000}m` : ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** Text that is not to be taken for a reference to a secret. */
export function literal(text: string): string {
  return text.replaceAll('${', '$${');
}

/** A command that has to be a list with an absolute path first; undefined is told. */
export function commandIn(statement: Statement, notes: Notes, index = 1): Tree | undefined {
  const words = commandWords(statement.words[index] ?? '');
  if (words[0]?.startsWith('/')) return values(words.map(literal), statement.at);
  notes.say('lost', statement.at, textOf(statement), 'a command begins with the absolute path of its program');
  return undefined;
}

export function part(key: string, draft: Tree | string | number | boolean | undefined, at: At): Part | null {
  return draft === undefined ? null : entry(key, draft, at);
}
