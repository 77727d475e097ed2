import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import type { Reading } from '../../src/playbook/cluster.ts';
import { generationFor, planHosts, type Shared } from '../../src/playbook/plan.ts';
import { topology } from '../desired/topology.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';
import { CONTEXT, freshFacts, runningAgent, satisfied } from '../operations/facts.ts';

const [lb1, lb2, web1] = wantedHosts(topology('dr'));
const SHARED: Shared = {
  ...CONTEXT,
  pins: [],
  firewall: 'check',
  releases: {
    x64: { hash: 'bb', node: '22', vrrpParts: 'b0' },
    arm64: { problem: 'Node for arm64 is not installed here.' },
  },
};

function read(wanted: typeof lb1, facts: HostFacts): Reading {
  return { target: { wanted: wanted!, connection: {} as never }, connection: {} as never, facts };
}

const at = (generation: number, hash: string) =>
  read(lb1, freshFacts({ agent: runningAgent({ state: agentState({ config: { hash, generation, error: null } }) }) }));
const lost: Extract<Reading, { failure: unknown }> = {
  target: { wanted: lb2!, connection: {} as never },
  failure: { host: 'lb2', kind: 'unreachable', message: 'lb2: no route', hints: [] },
};

describe('a plan', () => {
  it('has nothing to change where all is as wanted, and says why', () => {
    const [plan] = planHosts([read(web1, satisfied(web1!))], SHARED);
    expect(plan).toMatchObject({ host: 'web1', role: 'realserver', changes: [], problems: [], failure: null });
    expect(plan?.reasons['VIPs']).toBe('every VIP is there');
  });

  it('warns of a director that cannot serve, although there is nothing to change about it', () => {
    const state = (more: object) =>
      agentState({ vrrp: { ...agentState().vrrp, instances: [instanceState({ name: 'public', ...more })] } });
    const warnings = (more: object) =>
      planHosts([read(lb1, freshFacts({ agent: runningAgent({ state: state(more) }) }))], SHARED)[0]?.warnings;
    expect(warnings({ state: 'FAULT', cause: 'interface eth1 is down' })).toContain(
      'VRRP public is in FAULT here (interface eth1 is down), so this director cannot serve it; see lvsctl status.',
    );
    expect(warnings({ state: 'BACKUP' })).toEqual([]);
  });

  it('shows a host that was not read as such, with nothing planned', () => {
    expect(planHosts([lost], SHARED)[0]).toMatchObject({ host: 'lb2', changes: [], failure: { kind: 'unreachable' } });
  });

  it('has a problem where a realserver that was not read would get something new, and none where it would not', () => {
    const away: Reading = {
      target: { wanted: web1!, connection: {} as never },
      failure: { ...lost.failure, host: 'web1' },
    };
    const [, plan] = planHosts([read(lb1, freshFacts()), away], SHARED);
    expect(plan).toMatchObject({
      host: 'web1',
      failure: { kind: 'unreachable' },
      problems: [expect.stringMatching(/of http,/)],
    });
    expect(planHosts([away], SHARED)[0]?.problems).toEqual([]);
  });

  it('has a problem where there is no release for the architecture', () => {
    const facts = { ...satisfied(lb1!), system: { ...freshFacts().system, architecture: 'arm64' as const } };
    expect(planHosts([read(lb1, facts)], SHARED)[0]?.problems).toContain('Node for arm64 is not installed here.');
  });
});

describe('the generation of a configuration', () => {
  const NOW = 1_795_000_000;
  it.each<[string, readonly Reading[], number]>([
    ['the first one', [read(lb1, freshFacts()), lost], 1],
    ['one more than any has seen', [at(4, 'old'), at(7, 'older')], 8],
    ['that of the director which has it already', [at(9, 'f00d'), at(4, 'other')], 9],
    ['a new one when another one came in between', [at(4, 'f00d'), at(9, 'other')], 10],
    ['the same again when nothing has changed', [at(5, 'f00d'), at(5, 'f00d')], 5],
  ])('is %s', (_title, readings, expected) => {
    expect(generationFor(readings, 'f00d', readings.length - 1, NOW)).toBe(expected);
  });

  it('is counted by the clock where a director cannot say what it has: that is older, whatever its number', () => {
    expect(generationFor([at(4, 'old'), lost], 'f00d', 2, NOW)).toBe(NOW);
    expect(generationFor([at(NOW + 5, 'old')], 'f00d', 2, NOW)).toBe(NOW + 6);
    const mute = read(lb2, freshFacts({ agent: runningAgent({ state: null }) }));
    expect(generationFor([at(4, 'old'), mute], 'f00d', 2, NOW)).toBe(NOW);
    expect(generationFor([at(4, 'f00d'), lost], 'f00d', 2, NOW)).toBe(4);
  });
});
