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
  'User that runs these commands; root only where nobody else can change the program or the way to it.',
  'Announcing something needs no rights.',
  'lvs-script',
);

const notify = record('commands to run at transitions', {
  master: command('when it becomes MASTER', 'up'),
  backup: command('when it becomes BACKUP', 'down'),
  fault: command('when it goes to FAULT', 'fault'),
  stop: command('when it ends: the agent is stopped for good, or it leaves the configuration', 'stop'),
  any: command(
    'after each of the others, with four arguments added as keepalived does: INSTANCE or GROUP, name, MASTER, BACKUP, FAULT or STOP, priority (0 for a group)',
    'any',
  ),
  user: notifyUser,
});

export const notifyField = defaulted(
  notify,
  '{}',
  'Commands run at transitions, one after the other, in order, for 30s each at most; what they have started ends with them. The environment has LVS_CLUSTER, LVS_DIRECTOR, LVS_TYPE, LVS_NAME, LVS_STATE, LVS_FROM, LVS_PRIORITY, LVS_CAUSE, LVS_TIME and LVS_VIPS.',
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
