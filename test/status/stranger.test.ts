import { describe, expect, it } from 'vitest';
import { strangerAlarms } from '../../src/status/stranger.ts';
import { instanceState } from '../facts/agent-state.ts';

const stranger = { source: '10.77.1.99', isKnown: false, version: 3, priority: 200, addresses: ['10.77.1.200'], since: 1, at: 2 } as const; // biome-ignore format: short
const owner = { address: '10.77.1.100', interface: 'eth1', mac: '02:00:00:00:00:99' };

describe('alarms of strangers', () => {
  it('are none where nobody is strange, or an earlier release does not tell', () => {
    expect(strangerAlarms(instanceState())).toEqual([]);
    expect(strangerAlarms(instanceState({ strangers: [], owners: [] }))).toEqual([]);
  });

  it.each([
    [
      stranger,
      'foreign VRID 51 on eth1: 10.77.1.99 advertises it with 10.77.1.200 (version 3, priority 200); here it is public',
    ],
    [
      { ...stranger, addresses: ['a', 'b', 'c', 'd', 'e', 'f'] },
      'foreign VRID 51 on eth1: 10.77.1.99 advertises it with a b c d and 2 more (version 3, priority 200); here it is public',
    ],
    [
      { ...stranger, isKnown: true, version: 2 as const },
      'VRID 51 on eth1 is not the same everywhere: 10.77.1.99 advertises it with 10.77.1.200 (version 2, priority 200); public here is version 3 with 10.77.1.100',
    ],
  ])('say who speaks for our VRID, and with what', (one, alarm) => {
    // biome-ignore format: a table
    expect(strangerAlarms(instanceState({ strangers: [{ ...one, addresses: [...one.addresses] }] }))).toEqual([alarm]);
  });

  it.each([
    [
      owner,
      ['10.77.1.100'],
      '10.77.1.100 on eth1 is in use by 02:00:00:00:00:99: public takes it only when nobody answers for it any more',
    ],
    [
      { ...owner, mac: null },
      ['10.77.1.100', '10.77.1.101'],
      '10.77.1.100 on eth1 is in use by a neighbour that does not tell its MAC: public takes it and its other addresses only when nobody answers for it any more',
    ],
  ])('say who has an address of ours', (one, vips, alarm) => {
    // biome-ignore format: a table
    expect(strangerAlarms(instanceState({ state: 'FAULT', vips, owners: [one] }))).toEqual([alarm]);
  });
});
