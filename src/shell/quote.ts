/** Text → one word of POSIX sh, whatever is in the text. */

/** Words that mean themselves unquoted; `=` and `~` only stand here behind another character. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+:,./=-]*$/;

/** A value that no shell can carry: NUL ends every argument. */
export class UnquotableError extends Error {
  constructor(text: string) {
    super(`a NUL byte cannot be passed to a shell: ${JSON.stringify(text.slice(0, 40))}`);
    this.name = 'UnquotableError';
  }
}

/**
 * Quotes by single quotes, inside which nothing is special but the quote itself (POSIX XCU 2.2.2).
 * @throws UnquotableError
 */
export function quote(text: string): string {
  if (text.includes('\0')) throw new UnquotableError(text);
  return PLAIN.test(text) ? text : quoteAlways(text);
}

/** The same, for the first word of a command, where `a=b` would be an assignment and a bare word could be a keyword. */
export function quoteProgram(text: string): string {
  return text.includes('=') ? quoteAlways(text) : quote(text);
}

function quoteAlways(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
