/** What an instance tracks, and the scripts that are tracked. */
import { entry, map, value } from '../draft.ts';
import type { Notes } from './note.ts';
import { takeUser } from './notify.ts';
import {
  commandIn,
  duration,
  type Handlers,
  linesOf,
  type Part,
  type Passed,
  part,
  readBlock,
  secondsIn,
  textOf,
  wholeIn,
} from './reading.ts';
import type { Statement } from './statement.ts';

/** `into`: kind of the topology → its items, which are entries without a key that counts. */
export function trackedHandlers(into: Map<string, Part[]>, notes: Notes): Handlers {
  const take = (kind: string) => (statement: Statement) => {
    for (const line of linesOf(statement)) {
      const item = trackedIn(line, notes);
      into.set(kind, [...(into.get(kind) ?? []), item]);
    }
  };
  return { track_interface: take('interfaces'), track_script: take('scripts') };
}

function trackedIn(line: Statement, notes: Notes): Part {
  const [name = '', ...rest] = line.words;
  const weight = rest[0] === 'weight' ? wholeIn(line, notes, 2) : undefined;
  for (const word of rest.slice(weight === undefined ? 0 : 2))
    if (!/^no_?reverse$/.test(word)) notes.say('lost', line.at, textOf(line), `lvsctl has nothing like ${word} here`);
  const draft =
    weight === undefined ? value(name) : map(entry('name', name, line.at), entry('weight', weight, line.at));
  return entry(name, draft as Part['draft'], line.at);
}

/** `vrrp_script NAME { … }` → an entry of `scripts`. */
export function scriptIn(statement: Statement, user: Part | null, notes: Notes): Part {
  const parts = new Map<string, Part | null>();
  const named: { user: Part | null } = { user: null };
  const put =
    (key: string, read: (one: Statement) => Part['draft'] | string | number | undefined) => (one: Statement) => {
      parts.set(key, part(key, read(one), one.at));
    };
  const time = (one: Statement): string | undefined => {
    const ms = secondsIn(one, notes);
    return ms === undefined ? undefined : duration(ms);
  };
  const handlers: Handlers = {
    script: put('run', (one) => commandIn(one, notes)),
    interval: put('interval', time),
    timeout: put('timeout', time),
    weight: (one) => {
      parts.set('weight', part('weight', wholeIn(one, notes), one.at));
      if (/^reverse$/.test(one.words[2] ?? '')) parts.set('reverse', entry('reverse', true, one.at));
    },
    rise: put('rise', (one) => wholeIn(one, notes)),
    fall: put('fall', (one) => wholeIn(one, notes)),
    user: (one) => takeUser(one, 1, named, notes),
    init_fail: put('start', () => 'down'),
  };
  readBlock(linesOf(statement), handlers, SCRIPT_PASSED, notes);
  const order = ['run', 'interval', 'timeout', 'weight', 'reverse', 'rise', 'fall', 'start'];
  const all = order.map((key) => parts.get(key) ?? null);
  return entry(statement.words[1] ?? '', map(...all, named.user ?? user), statement.at);
}

const SCRIPT_PASSED: Passed = { debug: ['harmless', 'lvs-agent has its own log'] };
