import { expect, it } from 'vitest';
import { commandsFor } from '../../../src/agent/notify/command.ts';
import type { Move } from '../../../src/agent/notify/moves.ts';
import { subjectsOf } from '../../../src/agent/notify/subject.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';

const notify = { master: ['/m', 'up'], backup: null, fault: null, stop: ['/s'], any: ['/any', 'x'], user: 'joe' };
const group = { name: 'g', members: ['public'], notify: { ...notify, any: null }, alert: false };
const subjects = subjectsOf(configuration([instance({ notify })], { syncGroups: [group] }), 'a');
const move: Move = { subject: subjects[0]!, to: 'MASTER', cause: 'a\n\0b', priority: 110, at: 0, seen: 'transition' };
const where = { cluster: 'shop', director: 'lb1' };

it('runs the command of the state as it is written, then any with the four arguments of keepalived', () => {
  const commands = commandsFor(move, 'BACKUP', where);
  expect(commands.map(({ name, program }) => [name, program.run, program.user])).toEqual([
    ['master', ['/m', 'up'], 'joe'],
    ['any', ['/any', 'x', 'INSTANCE', 'public', 'MASTER', '110'], 'joe'],
  ]);
  expect(commands[0]?.program.environment).toEqual({
    LVS_CLUSTER: 'shop',
    LVS_DIRECTOR: 'lb1',
    LVS_TYPE: 'INSTANCE',
    LVS_NAME: 'public',
    LVS_STATE: 'MASTER',
    LVS_FROM: 'BACKUP',
    LVS_PRIORITY: '110',
    LVS_CAUSE: 'a b',
    LVS_TIME: '1970-01-01T00:00:00.000Z',
    LVS_VIPS: '10.9.0.100',
  });
});

it('runs nothing where nothing is said', () => {
  expect(commandsFor({ ...move, to: 'BACKUP' }, null, where).map(({ name }) => name)).toEqual(['any']);
  const ofGroup = { ...move, subject: subjects[1]! };
  expect(commandsFor({ ...ofGroup, to: 'FAULT' }, null, where)).toEqual([]);
  expect(commandsFor({ ...ofGroup, to: 'STOP' }, null, where)[0]?.program.environment).toMatchObject({
    LVS_TYPE: 'GROUP',
    LVS_FROM: '',
  });
});
