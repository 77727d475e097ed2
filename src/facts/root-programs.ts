/** Programs that root would run: what on the way to each others than root can change. */
import { quote } from '../shell/quote.ts';
import { type Fact, linesOf } from './fact.ts';

/** Program → the part of its path, or of where a link leads, that is not root's alone. What is in order is missing. */
export type ChangeableParts = Readonly<Record<string, string>>;

/** One fork for all of them, and only where there are any: namei(1) of util-linux follows links as the kernel does. */
export const rootProgramsFact: Fact<readonly string[], ChangeableParts> = {
  name: 'root programs',
  script: (programs) => `namei -l ${programs.map(quote).join(' ')} 2>/dev/null
:`,
  parse(printed) {
    const found: Record<string, string> = {};
    let program = '';
    for (const line of linesOf(printed)) {
      if (line.startsWith('f: ')) program = line.slice(3);
      else if (found[program] === undefined && isChangeable(line)) found[program] = partOf(line);
    }
    return found;
  },
};

/** Mode, owner, group, name; a line without a mode is of something that is not there. */
const PART = /^ *([a-zA-Z-])[r-][w-][xsS-][r-]([w-])[xsS-][r-]([w-])([xtT-]) +(\S+) +\S+ +(.+)$/;

/** In a sticky folder others may not replace what is root's; of a link the mode says nothing. */
function isChangeable(line: string): boolean {
  const [, type, group, others, last, owner] = PART.exec(line) ?? [];
  if (type === undefined) return false;
  const isForeign = owner !== 'root';
  const isSticky = type === 'd' && (last === 't' || last === 'T');
  return isForeign || (type !== 'l' && !isSticky && (group === 'w' || others === 'w'));
}

function partOf(line: string): string {
  const [, , , , , , name = ''] = PART.exec(line) ?? [];
  return name.split(' -> ')[0] ?? name;
}
