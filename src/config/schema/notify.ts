/** Commands and alerts at transitions, of instances and of sync groups. */
import { flag } from '../shape/scalars.ts';
import { argv } from '../shape/secret.ts';
import { defaulted, optional, record } from '../shape/shape.ts';
import { userName } from './script.ts';

const command = (when: string, word: string) =>
  optional(argv, 'nothing is run', `Command to run ${when}.`, `[/usr/local/bin/announce, ${word}]`);

export const notifyUser = defaulted(
  userName,
  'lvs-script',
  'User that runs these commands.',
  'Announcing something needs no rights.',
  'lvs-script',
);

const notify = record('commands to run at transitions', {
  master: command('when it becomes MASTER', 'up'),
  backup: command('when it becomes BACKUP', 'down'),
  fault: command('when it goes to FAULT', 'fault'),
  stop: command('when the agent stops', 'stop'),
  any: command('at every transition', 'any'),
  user: notifyUser,
});

export const notifyField = defaulted(
  notify,
  '{}',
  'Commands run at transitions, one after the other, in order.',
  'Nothing is run unless you say so.',
  '{ master: [/usr/local/bin/announce, up] }',
);
export const alertField = defaulted(
  flag,
  'true',
  'Whether transitions go out as alerts (when `alerts` is configured).',
  'Who configures alerts wants to hear of failovers.',
  'false',
);
