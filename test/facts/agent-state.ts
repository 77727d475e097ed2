/** An agent's state as one would answer that runs and is well; tests change what they are about. */
import type { AgentState, InstanceState } from '../../src/status/state.ts';

export function agentState(change: Partial<AgentState> = {}): AgentState {
  return {
    schema: 1,
    cluster: 'shop',
    director: 'lb1',
    at: 1_795_253_965_697,
    release: 'bb',
    version: '0.1.0',
    startedAt: 1_795_253_922_437,
    config: { hash: 'f00d', generation: 3, error: null },
    vrrp: { alive: true, latenessMs: { last: 1, worst: 7 }, instances: [instanceState()] },
    ipvs: { inSync: true, error: null, leaving: [], services: [] },
    checks: [],
    overrides: [],
    alarms: [],
    ...change,
  };
}

export function instanceState(change: Partial<InstanceState> = {}): InstanceState {
  return {
    name: 'public',
    vrid: 51,
    version: 3,
    interface: 'eth1',
    state: 'MASTER',
    since: 1_795_253_930_000,
    cause: 'nobody else advertises',
    priority: 110,
    basePriority: 110,
    vips: ['10.77.1.100'],
    master: null,
    advertIntervalMs: 1000,
    advertsSent: 5,
    advertsReceived: 0,
    dropped: {},
    waitingFor: null,
    transitions: 1,
    trackers: [],
    ...change,
  };
}
