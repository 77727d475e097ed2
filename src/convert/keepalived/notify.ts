/** Commands at transitions, of instances and of sync groups. */
import { entry, map } from '../draft.ts';
import type { Notes } from './note.ts';
import { commandIn, type Handlers, type Part } from './reading.ts';
import type { Statement } from './statement.ts';

export interface Notified {
  readonly commands: Map<string, Part>;
  user: Part | null;
}

const KEYS: Readonly<Record<string, string>> = {
  notify_master: 'master',
  notify_backup: 'backup',
  notify_fault: 'fault',
  notify_stop: 'stop',
  notify: 'any',
};

export function notifyHandlers(notified: Notified, notes: Notes): Handlers {
  return Object.fromEntries(
    Object.entries(KEYS).map(([keyword, key]) => [
      keyword,
      (statement: Statement) => {
        const command = commandIn(statement, notes);
        if (command === undefined) return;
        notified.commands.set(key, entry(key, command, statement.at));
        takeUser(statement, 2, notified, notes);
      },
    ]),
  );
}

/** One user for all commands of a `notify`: the first that is named. */
export function takeUser(statement: Statement, index: number, into: { user: Part | null }, notes: Notes): void {
  const [name, group] = statement.words.slice(index);
  if (name === undefined) return;
  into.user ??= entry('user', name, statement.at);
  if (into.user.draft.kind === 'value' && into.user.draft.value !== name)
    notes.say('lost', statement.at, `user ${name}`, 'the commands that stand together run as one user');
  if (group !== undefined) notes.say('lost', statement.at, `group ${group}`, "commands run with their user's groups");
}

export function notifyEntry({ commands, user }: Notified): Part[] {
  const parts = [...commands.values(), ...(user === null ? [] : [user])];
  return commands.size === 0 ? [] : [entry('notify', map(...parts), parts[0]?.at ?? null)];
}
