/**
 * A Command twice: for the wire, with everything in it, and for people, with secrets masked. The wire form calls the
 * functions of prelude.ts; few forks, for each costs 6–20 ms in a small VM: a file costs `sync` and `mv`, no more.
 */
import type { Command, Word } from './command.ts';
import { quote, quoteProgram } from './quote.ts';

const MASK = '***';

/** A command that must not be sent: a programming error, told before anything has run. */
export class UnsendableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsendableError';
  }
}

/**
 * The command as sh text: one or more whole lines, whose status is the command's, and `|| return` behind it.
 * @throws UnsendableError for a secret in argv (anybody may read it in `ps`) and a path that is not absolute;
 *   UnquotableError for NUL bytes.
 */
export function renderForWire(command: Command): string {
  switch (command.kind) {
    case 'run':
      return runText(command);
    case 'write':
      return writeText(command);
    case 'remove':
      return `lvs_remove ${quote(absolute(command.path))} || return\n`;
    case 'link': {
      const path = absolute(command.path);
      return `lvs_link ${quote(path)} ${quote(beside(path))} ${quote(folderOf(path))} ${quote(command.target)} || return\n`;
    }
  }
}

/** The command as a person reads it in a plan or a log: one line, secrets as `***`. */
export function renderForPeople(command: Command): string {
  switch (command.kind) {
    case 'run': {
      const words = command.argv.map((word) => (typeof word === 'string' ? quote(printable(word)) : MASK)).join(' ');
      return command.stdin === undefined ? words : `${words} < ${sizeOf(command.stdin)}`;
    }
    case 'write':
      return `write ${quote(command.path)} (mode ${octal(command.mode)}, ${sizeOf(command.content)})`;
    case 'remove':
      return `rm -f ${quote(command.path)}`;
    case 'link':
      return `ln -s ${quote(command.target)} ${quote(command.path)}`;
  }
}

/** The folder in which the command changes an entry, which must outlive a power cut; undefined for a program. */
export function changedFolder(command: Command): string | undefined {
  return command.kind === 'run' ? undefined : folderOf(command.path);
}

function runText({ argv, stdin, ok = [] }: Extract<Command, { kind: 'run' }>): string {
  const [program, ...rest] = argv.map(outright);
  if (program === undefined) throw new UnsendableError('a command without a program');
  const words = [quoteProgram(program), ...rest.map(quote)].join(' ');
  const otherwise = ok.some((code) => code !== 0) ? ` || lvs_ok ${ok.join(' ')} || return` : ' || return';
  return stdin === undefined ? `${words}${otherwise}\n` : withInput(words, textOf(stdin), otherwise);
}

/** A here-document always ends with a newline; a text that does not comes through a pipe, which costs a fork. */
function withInput(words: string, input: string, otherwise: string): string {
  if (input === '') return `${words} </dev/null${otherwise}\n`;
  if (!input.endsWith('\n')) return `printf %s ${quote(input)} | ${words}${otherwise}\n`;
  if (input.includes('\0')) quote(input);
  const delimiter = delimiterFor(input);
  return `${words} <<'${delimiter}'${otherwise}\n${input}${delimiter}\n`;
}

function delimiterFor(text: string): string {
  const lines = new Set(text.split('\n'));
  for (let number = 0; ; number += 1) {
    const delimiter = `LVS_END_${number}`;
    if (!lines.has(delimiter)) return delimiter;
  }
}

/** The umask gives the mode of a new file; only execute and special bits need a `chmod`. */
function writeText({ path, content, mode }: Extract<Command, { kind: 'write' }>): string {
  const umask = octal(~mode & 0o666);
  const chmod = (mode & ~0o666) === 0 ? "''" : octal(mode);
  const words = [
    quote(absolute(path)),
    quote(beside(path)),
    quote(folderOf(path)),
    umask,
    chmod,
    quote(textOf(content)),
  ];
  return `lvs_write ${words.join(' ')} || return\n`;
}

function outright(word: Word): string {
  if (typeof word !== 'string') throw new UnsendableError('a secret does not go into argv; give it by stdin');
  return word;
}

function textOf(word: Word): string {
  return typeof word === 'string' ? word : word.secret;
}

function absolute(path: string): string {
  if (!path.startsWith('/') || path.endsWith('/'))
    throw new UnsendableError(`not the absolute path of a file: ${path}`);
  return path;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** In the same folder, so that `mv` is a rename; hidden and with an ending that no `*.conf` glob meets. */
function beside(path: string): string {
  const cut = path.lastIndexOf('/') + 1;
  return `${path.slice(0, cut)}.${path.slice(cut)}.lvsctl-new`;
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}

function sizeOf(word: Word): string {
  if (typeof word !== 'string') return MASK;
  return `${new TextEncoder().encode(word).length} bytes`;
}

/** Control characters would move a terminal's cursor; people see an escape instead. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
