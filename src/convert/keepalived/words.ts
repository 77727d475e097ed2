/** One line of keepalived.conf: statements and braces, quotes and comments gone. */

/** Words of a statement, or a brace. */
export type Line = readonly (readonly string[] | '{' | '}')[];

const LONGEST = 65_536;

/** White space, a comment, a brace, a word that may have quoted parts, a quote without an end. */
const TOKEN = /\s+|[#!].*|[{}]|(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s"'{}#!])+|["']/gs;

/** A text says what is wrong with the line. */
export function wordsOf(line: string): Line | string {
  if (line.length > LONGEST) return `the line has more than ${LONGEST} characters`;
  const parts: (string[] | '{' | '}')[] = [];
  let words: string[] | null = null;
  for (const [token] of line.matchAll(TOKEN)) {
    if (/^[\s#!]/.test(token)) continue;
    if (token === '"' || token === "'") return 'a quote has no end';
    if (token === '{' || token === '}') {
      parts.push(token);
      words = null;
    } else if (words !== null) words.push(unquoted(token));
    else {
      words = [unquoted(token)];
      parts.push(words);
    }
  }
  return parts;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unquoted(word: string): string {
  return word.replaceAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'/gs, (_whole, double, single) =>
    String(double ?? single).replaceAll(/\\(.)/gs, (_pair, letter: string) => ESCAPED[letter] ?? letter),
  );
}

/** A command as keepalived splits it: by spaces, single quotes keep words together. */
export function commandWords(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
