import { describe, expect, it } from 'vitest';
import { countsOf, drainAlarm, drainOf, drainRows, servingIn } from '../../src/status/drain.ts';
import type { DestinationState, OverrideState, ServiceState } from '../../src/status/state.ts';
import { agentState } from '../facts/agent-state.ts';

function destination(name: string | null, change: Partial<DestinationState> = {}): DestinationState {
  const idle = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
  const counts = { weight: 1, active: 0, inactive: 0, persistent: 0 };
  return { name, address: '10.77.1.21', port: 80, forward: 'dr', ...counts, ...idle, ...change };
}

function service(name: string | null, ...destinations: DestinationState[]): ServiceState {
  const listener = { protocol: 'tcp' as const, address: '10.77.1.100', port: 80, mark: null };
  return { name, ...listener, scheduler: 'wrr', flags: [], persistenceMs: 0, destinations };
}

const state = (...services: ServiceState[]) => agentState({ ipvs: { ...agentState().ipvs, services } });
const override = (change: Partial<OverrideState> = {}): OverrideState => ({
  ...{
    realserver: 'web1',
    service: null,
    weight: 0,
    owner: 'ann@ops',
    reason: null,
    since: 1_795_000_000_000,
    until: null,
  },
  ...change,
});

describe('what is left of a realserver', () => {
  it('is the sum over all listeners of the services that are asked for', () => {
    const found = state(
      service(
        'http',
        destination('web1', { active: 2, inactive: 3, persistent: 1 }),
        destination('web2', { active: 50 }),
      ),
      service('http', destination('web1', { active: 10, weight: 0 })),
      service('https', destination('web1', { active: 100, weight: 7 })),
      service(null, destination('web1', { active: 1000 })),
    );
    expect(countsOf(found, 'web1', ['http'])).toEqual({ active: 12, inactive: 3, persistent: 1, weight: 1 });
    expect(countsOf(found, 'web1', ['http', 'https'])).toMatchObject({ active: 112, weight: 7 });
    expect(countsOf(found, 'web9', ['http'])).toEqual({ active: 0, inactive: 0, persistent: 0, weight: 0 });
  });

  it('is served to where it has a weight', () => {
    const found = state(service('http', destination('web1'), destination('web2', { weight: 0 }), destination(null)));
    expect([...servingIn(found, 'http')]).toEqual(['web1']);
    expect([...servingIn(found, 'https')]).toEqual([]);
  });
});

describe('the drain that holds', () => {
  it.each<[string, Partial<OverrideState>[], string | undefined]>([
    ['is one for the service before one for all', [{ reason: 'all' }, { service: 'http', reason: 'here' }], 'here'],
    ['is one for all', [{ reason: 'all' }, { service: 'https' }], 'all'],
    ['is none of another realserver', [{ realserver: 'web2' }], undefined],
    ['is none that is over', [{ until: agentState().at }], undefined],
    ['is one that is not over yet', [{ until: agentState().at + 1, reason: 'soon' }], 'soon'],
    ['is no weight', [{ weight: 5 }], undefined],
  ])('%s', (_what, changes, reason) => {
    const overrides = changes.map(override);
    expect(drainOf(agentState({ overrides }), 'web1', 'http')?.reason).toBe(reason);
  });
});

describe('the table of drains', () => {
  const view = (director: string, ...overrides: OverrideState[]) => ({
    director,
    state: agentState({ director, overrides }),
  });

  it('has a row for each, with the newest word, and says where not all know it', () => {
    const older = override({ reason: 'old', since: 1_794_000_000_000 });
    const newer = override({ reason: 'disk', until: 1_795_007_200_000 });
    const other = override({ realserver: 'web2', service: 'http', owner: 'bob@ops' });
    const rows = drainRows([view('lb1', older), view('lb2', newer, other), { director: 'lb3', state: null }]);
    expect(rows).toEqual([
      ['Realserver', 'Service', 'Weight', 'At', 'Since (UTC)', 'Until (UTC)', 'By', 'Reason'],
      ['web1', 'all', '0', 'all directors', '2026-11-18 11:06:40', '2026-11-18 13:06:40', 'ann@ops', 'disk'],
      ['web2', 'http', '0', 'lb2', '2026-11-18 11:06:40', 'taken back', 'bob@ops', ''],
    ]);
  });

  it('is its head alone where nothing is drained', () => {
    expect(drainRows([view('lb1')])).toHaveLength(1);
  });
});

it('alarms of a drain that is older than a day and has no end', () => {
  const day = 86_400_000;
  const { since } = override();
  expect(drainAlarm(override(), since + day - 1)).toEqual([]);
  expect(drainAlarm(override({ until: since + 9 * day }), since + 2 * day)).toEqual([]);
  expect(drainAlarm(override({ service: 'http', reason: 'disk' }), since + day)).toEqual([
    'web1 is drained in http since 2026-11-18 11:06:40 UTC by ann@ops (disk)',
  ]);
});
