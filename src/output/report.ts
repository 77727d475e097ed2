/** The last word of a command that failed: what an error looks like to the person, and the exit code it stands for. */
import type { ExitCode } from './exit-code.ts';
import { createOutput, type Output } from './output.ts';

/** An expected failure by its shape, whichever folder threw it: Failure here, ConnectionFailure of src/ssh. */
export interface Explained extends Error {
  readonly code: ExitCode;
  readonly hints: readonly string[];
}

const CODES: readonly unknown[] = [0, 1, 2, 3, 4, 5, 6, 7, 130];

export function isExplained(error: unknown): error is Explained {
  return (
    error instanceof Error &&
    'hints' in error &&
    Array.isArray(error.hints) &&
    'code' in error &&
    CODES.includes(error.code)
  );
}

/** Prints the error and its next steps, on stderr; a stack only with -vv. Returns the exit code. */
export function report(error: unknown, output: Output): ExitCode {
  if (isExplained(error)) {
    output.error([error.message, ...error.hints].join('\n  '));
    if (output.verbosity >= 2) output.detail(stackOf(error));
    return error.code;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    output.error('interrupted');
    return 130;
  }
  const text = error instanceof Error ? error.message : String(error);
  const [line = ''] = text.split('\n');
  const where = output.verbosity >= 2 ? '' : ' (-vv shows where)';
  output.error(`unexpected: ${line || 'an error without words'}${where}`);
  if (output.verbosity >= 2) output.detail(stackOf(error));
  return 1;
}

/** For the top of the program, where the options may not have been read: what matters is taken from the words themselves. */
export function reportFailure(error: unknown, argv: readonly string[]): ExitCode {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const verbose = words.reduce((count, word) => count + verbosityOf(word), 0);
  return report(error, createOutput({ color: !words.includes('--no-color'), verbose }));
}

function verbosityOf(word: string): number {
  if (word === '--verbose') return 1;
  return /^-v+$/.test(word) ? word.length - 1 : 0;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
