import { describe, expect, it } from 'vitest';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { settledState } from '../../src/playbook/settled.ts';
import type { AgentState } from '../../src/status/state.ts';
import { topology } from '../desired/topology.ts';
import { agentState, instanceState } from '../facts/agent-state.ts';
import { CONTEXT, runningAgent } from '../operations/facts.ts';

const lb1 = wantedHosts(topology('dr'))[0]!;
const judge = (state: AgentState | null, wanted = lb1) =>
  settledState(wanted, runningAgent({ state, silence: state ? null : 'it is not running' }), CONTEXT);
const vrrp = (change: Parameters<typeof instanceState>[0]) =>
  agentState({ vrrp: { ...agentState().vrrp, instances: [instanceState(change)] } });

/** A check that has been waiting for its first probe for so long. */
function unknownFor(ms: number): AgentState {
  const state = agentState();
  const since = state.at - ms;
  const check = { service: 'http', realserver: 'web1', check: 'http 10.77.1.21:80 /', since, lastError: null };
  return { ...state, checks: [{ ...check, verdict: 'unknown', latencyMs: null }] };
}

describe('a director has come up', () => {
  it.each<[string, AgentState]>([
    ['as MASTER', agentState()],
    ['as BACKUP that hears a MASTER', vrrp({ state: 'BACKUP', master: '10.77.1.12' })],
    ['with a check that has had its ten seconds', unknownFor(10_000)],
    ['in FAULT, which waiting does not mend', vrrp({ state: 'FAULT' })],
  ])('%s', (_title, state) => {
    expect(judge(state)).toEqual({ settled: true });
  });

  it.each<[string, AgentState | null]>([
    ['the agent does not answer: it is not running', null],
    ['has not taken the configuration', agentState({ config: { hash: 'old', generation: 2, error: null } })],
    ['still runs release aa', agentState({ release: 'aa' })],
    [
      'IPVS is not programmed yet: no ip_vs',
      agentState({ ipvs: { ...agentState().ipvs, inSync: false, error: 'no ip_vs' } }),
    ],
    ['the VRRP process does not answer', agentState({ vrrp: { ...agentState().vrrp, alive: false } })],
    ['the first verdict of http 10.77.1.21:80 / is not in', unknownFor(9_999)],
    ['has not begun', vrrp({ state: 'INIT' })],
    ['has not begun', vrrp({ name: 'other' })],
    ['hears no MASTER and waits for the first verdicts', vrrp({ state: 'BACKUP', waitingFor: 'the first verdicts' })],
  ])('not yet: %s', (why, state) => {
    expect(judge(state)).toMatchObject({ settled: false, final: false, why: expect.stringContaining(why) });
  });

  const owners = [{ address: '10.77.1.100', interface: 'eth1', mac: '02:00:00:00:00:99' }];
  const cause = '10.77.1.100 on eth1 is in use by 02:00:00:00:00:99, which answers for it and is no director';
  const inUse = (sinceMs: number) => vrrp({ state: 'FAULT', cause, owners, since: agentState().at - sinceMs });

  it('not yet while somebody else has the VIP, and never when that lasts', () => {
    const why = `VRRP instance public is in FAULT: ${cause}`;
    const hints = [expect.stringContaining('take the address off the host with that MAC')];
    expect(judge(inUse(9_999))).toEqual({ settled: false, final: false, why, hints });
    expect(judge(inUse(10_000))).toEqual({ settled: false, final: true, why, hints });
  });

  it('never, once the agent has gone back to its last good configuration', () => {
    const state = agentState({ config: { hash: 'old', generation: 2, error: 'generation 3 was rolled back: x' } });
    expect(judge(state)).toEqual({ settled: false, final: true, why: expect.stringContaining('rolled back: x') });
  });

  it('without IPVS and VRRP, where the topology has neither for it', () => {
    const wanted = { ...lb1, director: { ...lb1.director!, usesIpvs: false, instances: [] } };
    const state = agentState({
      vrrp: { ...agentState().vrrp, alive: false, instances: [] },
      ipvs: { ...agentState().ipvs, inSync: false },
    });
    expect(judge(state, wanted)).toEqual({ settled: true });
  });
});
