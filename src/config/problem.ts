/** What is wrong with a file, where, and what would be right. One place turns it into words: {@link problemLine}. */

export interface Position {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Problem extends Position {
  readonly file: string;
  /** Where in the document: `services.http.checks[0].status`; empty for the document as a whole. */
  readonly path: string;
  /** What was wrong, with the offending value. */
  readonly message: string;
  /** What would have been right, or null where the message says it all. */
  readonly expected: string | null;
  /** A name close to the one written. */
  readonly suggestion: string | null;
  readonly severity: 'error' | 'warning';
}

/** A problem before the file's name is known: what the parsers and rules produce. */
export type Finding = Omit<Problem, 'file'>;

/** `file:line:col: path: message (expected …; did you mean …?)` */
export function problemLine(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  const label = problem.severity === 'warning' ? 'warning: ' : '';
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const hints = [
    problem.expected === null ? '' : `expected ${problem.expected}`,
    problem.suggestion === null ? '' : `did you mean '${problem.suggestion}'?`,
  ].filter((hint) => hint !== '');
  return `${where}: ${label}${path}${problem.message}${hints.length === 0 ? '' : ` (${hints.join('; ')})`}`;
}

/** Findings in the order of the file, each once; those at one place keep the order in which they were found. */
export function inFileOrder(findings: readonly Finding[]): Finding[] {
  const unique = new Map(findings.map((one) => [`${one.line}:${one.column}:${one.path}:${one.message}`, one]));
  return [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}
