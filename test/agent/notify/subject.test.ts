import { describe, expect, it } from 'vitest';
import { groupState, subjectsOf, type Told, toldState } from '../../../src/agent/notify/subject.ts';
import { configuration, instance, vip } from '../../vrrp/configuration.ts';

describe('subjects', () => {
  const [speaker] = instance().speakers;
  const inside = instance({ name: 'inside', vips: [vip('10.9.1.100')], extraVips: [vip('10.9.1.101')] });
  const foreign = instance({ name: 'foreign', speakers: [{ ...speaker!, director: 'b' }] });
  const group = (name: string, members: readonly string[]) => ({ name, members, notify: inside.notify, alert: true });
  const syncGroups = [group('both', ['public', 'inside', 'foreign']), group('elsewhere', ['foreign'])];
  const config = configuration([instance(), inside, foreign], { syncGroups });

  it('are the instances in which this director takes part, and the groups of any of them', () => {
    expect(subjectsOf(config, 'a').map(({ type, name, members, vips }) => [type, name, members, vips])).toEqual([
      ['INSTANCE', 'public', ['public'], ['10.9.0.100']],
      ['INSTANCE', 'inside', ['inside'], ['10.9.1.100', '10.9.1.101']],
      ['GROUP', 'both', ['public', 'inside'], ['10.9.0.100', '10.9.1.100', '10.9.1.101']],
    ]);
  });
});

describe('states', () => {
  it.each([
    ['INIT', 'STOP'],
    ['MASTER', 'MASTER'],
    ['BACKUP', 'BACKUP'],
    ['FAULT', 'FAULT'],
    ['LAME_DUCK', undefined],
    ['constructor', undefined],
  ])('%s is told as %s', (state, told) => expect(toldState(state)).toBe(told));

  it.each<[(Told | undefined)[], Told | undefined]>([
    [['MASTER', 'MASTER'], 'MASTER'],
    [['MASTER', 'BACKUP'], 'BACKUP'],
    [['BACKUP', 'FAULT'], 'FAULT'],
    [['FAULT', 'STOP'], 'STOP'],
    [['MASTER', 'STOP'], 'STOP'],
    [['MASTER', undefined], undefined],
  ])('members that are %j make %s', (members, told) => expect(groupState(members)).toBe(told));
});
