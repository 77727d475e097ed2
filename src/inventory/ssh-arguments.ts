/** What stands in ansible_ssh_common_args and its like: arguments of ssh(1), from which the settings of ssh_config(5) are taken. */

export interface SshArguments {
  /** By lower-case keyword; as in OpenSSH, the first mention wins. */
  readonly options: ReadonlyMap<string, string>;
  /** Sentences about arguments that cannot be followed. */
  readonly problems: readonly string[];
}

/** Flags without a value; none changes how a host is reached (4, 6: the address decides). */
const FLAGS = /^-[1246AaCfGgKkMNnqsTtVvXxYy]+$/;
/** Letters that stand for a keyword. */
const LETTERS: Readonly<Record<string, string>> = {
  J: 'proxyjump',
  i: 'identityfile',
  l: 'user',
  p: 'port',
};

export function parseSshArguments(text: string): SshArguments {
  const options = new Map<string, string>();
  const problems: string[] = [];
  const words = [...(splitWords(text) ?? [])];
  if (words.length === 0 && text.trim() !== '') problems.push('a quote is not closed');
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (FLAGS.test(word)) continue;
    const letter = /^-([oJilp])/.exec(word)?.[1];
    const value = word.length > 2 ? word.slice(2) : letter === undefined ? '' : words.shift();
    const setting = settingOf(letter, value);
    if (setting === undefined) problems.push(problemWith(word, letter, value));
    else if (!options.has(setting.keyword)) options.set(setting.keyword, setting.value);
  }
  return { options, problems };
}

function settingOf(letter: string | undefined, value: string | undefined) {
  if (letter === undefined || value === undefined) return undefined;
  if (letter !== 'o') return { keyword: LETTERS[letter] ?? letter, value };
  const [, keyword, rest] = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)([\s\S]*)$/.exec(value) ?? [];
  return keyword === undefined || rest === undefined ? undefined : { keyword: keyword.toLowerCase(), value: rest };
}

function problemWith(word: string, letter: string | undefined, value: string | undefined): string {
  if (letter === undefined) return `'${word}' is not understood; -o, -J, -i, -l and -p are`;
  return value === undefined || letter !== 'o' ? `${word} has no value` : `-o ${value} has no value`;
}

const WORD = /\s*((?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s'"\\])+)\s*/y;
const QUOTED = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g;

/** Words as a POSIX shell splits them: quotes and backslashes, no expansions. Undefined when a quote is not closed. */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  const pattern = new RegExp(WORD);
  const trimmed = text.trim();
  while (pattern.lastIndex < trimmed.length) {
    const word = pattern.exec(trimmed)?.[1];
    if (word === undefined) return undefined;
    words.push(word.replace(QUOTED, (_, single, double, escaped) => single ?? unescaped(double) ?? escaped));
  }
  return words;
}

/** Between double quotes a backslash escapes only what would be special there (POSIX 2.2.3). */
function unescaped(double: string | undefined): string | undefined {
  return double?.replace(/\\(["\\$`])/g, '$1');
}
