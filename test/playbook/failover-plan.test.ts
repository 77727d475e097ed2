import { describe, expect, it } from 'vitest';
import { type FailoverRequest, planFailover, Unmovable } from '../../src/playbook/failover-plan.ts';
import type { AgentState, InstanceState } from '../../src/status/state.ts';
import type { DirectorView } from '../../src/status/table.ts';
import { storedConfig } from '../agent/config.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';

/** lb1 is preferred for public and the group of two, lb2 for second; lb3 takes part in public only. */
const { config } = storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11, eth2: 10.77.2.11 } }
  lb2: { dip: { eth1: 10.77.1.12, eth2: 10.77.2.12 } }
  lb3: { dip: { eth1: 10.77.1.13, eth2: 10.77.2.13 } }
realservers:
  web1: { rip: 10.77.1.21 }
  web2: { rip: 10.77.2.22, gateway: 10.77.2.1 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1, lb2, lb3] }
  second: { vrid: 52, vips: [10.77.1.101], prefer: [lb2, lb1] }
  outside: { vrid: 53, vips: [10.77.1.102], prefer: [lb1, lb2] }
  inside: { vrid: 54, interface: eth2, vips: [10.77.2.1], prefer: [lb1, lb2] }
sync_groups: { nat: [outside, inside] }
services:
  web: { listen: ['10.77.1.100:80', '10.77.1.100:53/udp', '10.77.1.101:80'], mode: dr, scheduler: rr, realservers: [web1], checks: [{ tcp: 80 }] }
  translated: { listen: '10.77.1.102:80', mode: nat, scheduler: rr, realservers: [web2] }
`);

const NAMES = ['public', 'second', 'outside', 'inside'] as const;
type Roles = Partial<Record<(typeof NAMES)[number], Partial<InstanceState>>>;
const MASTER = { state: 'MASTER' } as const;
const AT_LB1: Roles = { public: MASTER, second: MASTER, outside: MASTER, inside: MASTER };

function view(director: string, roles: Roles, priority: number, more: Partial<AgentState> = {}): DirectorView {
  const names = director === 'lb3' ? (['public'] as const) : NAMES;
  const instances = names.map((name) => instanceState({ name, state: 'BACKUP', priority, ...roles[name] }));
  const state = agentState({ director, vrrp: { ...agentState().vrrp, instances }, ...more });
  return { director, state, silence: null };
}

const views = (one: Roles = AT_LB1, two: Roles = {}, three: Roles = {}): DirectorView[] => [
  view('lb1', one, 110),
  view('lb2', two, 100),
  view('lb3', three, 90),
];
const plan = (request: Partial<FailoverRequest>, found = views()) =>
  planFailover(config, found, { instance: null, to: null, back: false, ...request });
const moves = (request: Partial<FailoverRequest>, found?: DirectorView[]): string[] =>
  plan(request, found).moves.map(({ instances, from, to }) => `${instances.join('+')} ${from}→${to}`);

function whyNot(request: Partial<FailoverRequest>, found?: DirectorView[]): [string, readonly string[], boolean] {
  try {
    plan(request, found);
  } catch (error) {
    if (error instanceof Unmovable) return [error.message, error.hints, error.isUsage];
    throw error;
  }
  throw new Error('it was planned');
}

describe('what moves', () => {
  it('is the instance that is named, to the BACKUP with the highest priority', () => {
    expect(moves({ instance: 'public' })).toEqual(['public lb1→lb2']);
    expect(moves({ instance: 'public' }, views({ public: MASTER }, { public: { priority: 80 } }))).toEqual([
      'public lb1→lb3',
    ]);
  });

  it('passes over a BACKUP that cannot take it, unless it is named', () => {
    const found = views(AT_LB1, { public: { state: 'FAULT', cause: 'interface eth1 is down' } });
    expect(moves({ instance: 'public' }, found)).toEqual(['public lb1→lb3']);
    expect(whyNot({ instance: 'public', to: 'lb2' }, found)[0]).toBe(
      'lb2 cannot take public: it is FAULT (interface eth1 is down)',
    );
  });

  it('is a sync group as a whole, whichever member is named', () => {
    for (const instance of ['outside', 'inside']) expect(moves({ instance })).toEqual(['outside+inside lb1→lb2']);
  });

  it('is all that is elsewhere with --to, and that the director takes part in', () => {
    expect(moves({ to: 'lb2' })).toEqual(['public lb1→lb2', 'second lb1→lb2', 'outside+inside lb1→lb2']);
    expect(moves({ to: 'lb3' })).toEqual(['public lb1→lb3']);
    const half = plan({ to: 'lb2' }, views({ public: MASTER, outside: MASTER, inside: MASTER }, { second: MASTER }));
    expect([half.moves.length, half.notes]).toEqual([2, ['lb2 is MASTER of second already']]);
  });

  it('is all that is not at its preferred director with --back, or one of them', () => {
    const away = views({}, { public: MASTER, second: MASTER, outside: MASTER, inside: MASTER });
    expect(moves({ back: true }, away)).toEqual(['public lb2→lb1', 'outside+inside lb2→lb1']);
    expect(moves({ back: true })).toEqual(['second lb1→lb2']);
    expect(plan({ back: true, instance: 'public' })).toEqual({
      moves: [],
      notes: ['lb1 is MASTER of public already'],
    });
  });

  it('is with its listeners by what becomes of their connections, and the directors that must not take it', () => {
    expect(plan({ instance: 'public', to: 'lb3' }).moves[0]).toMatchObject({
      others: ['lb2'],
      relayed: ['10.77.1.100'],
      translated: [],
    });
    expect(plan({ instance: 'inside' }).moves[0]).toMatchObject({ relayed: [], translated: ['10.77.1.102'] });
  });

  it('is one where there is one', () => {
    const single = { ...config, instances: config.instances.slice(0, 1), syncGroups: [] };
    const { moves: found } = planFailover(single, views(), { instance: null, to: null, back: false });
    expect(found.map(({ to }) => to)).toEqual(['lb2']);
  });
});

describe('what cannot be done', () => {
  const lb2 = (more: Partial<AgentState>, roles: Roles = {}): DirectorView[] => [
    view('lb1', AT_LB1, 110),
    view('lb2', roles, 100, more),
    view('lb3', {}, 90),
  ];
  it.each<[string, Partial<FailoverRequest>, DirectorView[] | undefined, string, boolean]>([
    ['nothing named where there are several', {}, undefined, 'there are 3 roles that could move: say which', true],
    ['an unknown instance', { instance: 'x' }, undefined, 'there is no instance x', true],
    ['an unknown director', { to: 'lb9' }, undefined, 'there is no director lb9', true],
    ['a director that takes no part', { instance: 'second', to: 'lb3' }, undefined, 'lb3 cannot take second: it takes no part in it', false],
    ['no MASTER', { instance: 'public' }, views({}), 'public has no MASTER, so there is nothing to hand over', false],
    ['two MASTERs', { instance: 'public' }, views(AT_LB1, { public: MASTER }), 'public has 2 MASTERs: lb1 and lb2', false],
    ['a group in two places', { instance: 'outside' }, views({ outside: MASTER }, { inside: MASTER }), 'outside and inside are of one sync group and at different directors just now', false],
    ['a gate', { instance: 'public', to: 'lb2' }, lb2({}, { public: { waitingFor: 'the first verdicts of the checks' } }), 'lb2 cannot take public: it waits for the first verdicts of the checks', false],
    ['a member of the group at its gate', { instance: 'outside' }, lb2({}, { inside: { waitingFor: 'x' } }), 'lb2 cannot take inside: it waits for x', false],
    ['another configuration', { instance: 'public', to: 'lb2' }, lb2({ config: { hash: 'f00d', generation: 2, error: null } }), 'lb2 cannot take public: it has configuration 2, lb1 has 3; lvsctl apply mends that', false],
    ['an IPVS table that is not right', { instance: 'public', to: 'lb2' }, lb2({ ipvs: { ...agentState().ipvs, inSync: false, error: 'no module' } }), 'lb2 cannot take public: its IPVS table is not as it should be: no module', false],
    ['a VRRP process that is silent', { instance: 'public', to: 'lb2' }, lb2({ vrrp: { ...agentState().vrrp, alive: false, instances: [] } }), 'lb2 cannot take public: its VRRP process does not answer', false],
    ['a director that still runs keepalived', { instance: 'public', to: 'lb2' }, [...views().slice(0, 2), { director: 'lb3', state: null, silence: null, foreign: { program: 'keepalived' as const, addresses: [] } }], 'lb3 still runs keepalived, which takes no orders', false],
    ['an agent that is silent', { instance: 'public', to: 'lb2' }, [...views().slice(0, 2), { director: 'lb3', state: null, silence: 'the agent gives no state' }], 'lb3 must be asked, too, and does not answer: the agent gives no state', false],
  ])('%s', (_what, request, found, message, isUsage) => {
    const [said, , usage] = whyNot(request, found);
    expect([said, usage]).toEqual([message, isUsage]);
  }); // biome-ignore format: a table

  it('is told with what to do instead', () => {
    expect(whyNot({ instance: 'x' })[1]).toEqual(['the topology has public, second, outside, inside']);
    expect(whyNot({ to: 'lb9' })[1]).toEqual(['the topology has lb1, lb2, lb3']);
  });
});
