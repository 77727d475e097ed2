/**
 * A fact is a piece of POSIX sh and the pure parser of what it prints. All facts of a host are steps of one script, which
 * therefore forks as little as it can: files below /proc and /sys are read with the shell's own `read`.
 */
export interface Fact<Question, Answer> {
  /** Name of its step in the transcript. */
  readonly name: string;
  /** Prints facts, changes nothing, and always ends well: what is missing is a fact too. */
  script(question: Question): string;
  /** Never throws: lines that are not understood are left out. */
  parse(printed: string): Answer;
}

/** Lines without their ends; no last empty one. */
export function linesOf(printed: string): string[] {
  return printed.split('\n').filter((line) => line !== '');
}
