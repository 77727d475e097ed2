import { describe, expect, it } from 'vitest';
import { agentState as agentStateSchema, type InstanceState } from '../../src/status/state.ts';
import { alarmsOf } from '../../src/status/table.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

const [LB1, LB2] = ['10.77.1.11', '10.77.1.12'];
const { at } = agentState();

function view(director: string, change: Partial<InstanceState>) {
  const instances = [instanceState({ since: at - 60_000, lastAdvert: null, lastDropped: {}, ...change })];
  return { director, state: agentState({ director, vrrp: { ...agentState().vrrp, instances } }), silence: null };
}
const alarm = (one: Partial<InstanceState>, other: Partial<InstanceState>) => [
  ...alarmsOf([view('lb1', { source: LB1, ...one }), view('lb2', { source: LB2, ...other })]),
];
const heard = (source: string, agoMs = 500) => ({ source, priority: 100, at: at - agoMs });

describe('two MASTERs of one instance', () => {
  const network = 'check the network and the firewalls between them (IP protocol 112)';

  it.each<[string, Partial<InstanceState>, Partial<InstanceState>, string]>([
    ['neither hears the other', {}, {}, `lb1 hears nothing of lb2, lb2 hears nothing of lb1; ${network}`],
    [
      'one hears, the other drops',
      { lastAdvert: heard(LB2) },
      { lastDropped: { checksum: heard(LB1), ttl: heard('10.77.1.13') } },
      'lb1 hears lb2 (priority 100), lb2 drops the advertisements of lb1 (checksum); compare what they run with (lvsctl plan)',
    ],
    [
      'one hears nothing, the other drops',
      {},
      { lastDropped: { password: heard(LB1) } },
      `lb1 hears nothing of lb2, lb2 drops the advertisements of lb1 (password); compare what they run with (lvsctl plan), then ${network}`,
    ],
    [
      'what was heard long ago does not count',
      { lastAdvert: heard(LB2, 60_000), lastDropped: { ttl: heard(LB2, 60_000) } },
      { lastAdvert: heard('10.77.1.13') },
      `lb1 hears nothing of lb2, lb2 hears nothing of lb1; ${network}`,
    ],
    [
      'each hears the other',
      { lastAdvert: heard(LB2) },
      { lastAdvert: heard(LB1), since: at - 400 },
      'lb1 hears lb2 (priority 100), lb2 hears lb1 (priority 100); lb2 has only just taken over, which may be all: look again; the next advertisement should settle it',
    ],
  ])('%s', (_name, one, other, text) => {
    expect(alarm(one, other)).toEqual([`public has 2 MASTERs: lb1 and lb2; ${text}`]);
  });

  it('are told of with older agents, too, which do not say whom they hear', () => {
    const { source: _source, lastAdvert: _advert, lastDropped: _dropped, ...older } = instanceState();
    const states = ['lb1', 'lb2'].map((director) => {
      const vrrp = { ...agentState().vrrp, instances: [older] };
      return { director, state: agentStateSchema.parse(agentState({ director, vrrp })), silence: null };
    });
    expect(alarmsOf(states)).toEqual([`public has 2 MASTERs: lb1 and lb2; ${network}`]);
  });
});
