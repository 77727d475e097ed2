import { describe, expect, it } from 'vitest';
import {
  cautionsOf,
  type DrainRequest,
  objectionsAt,
  ordersFor,
  persistentIn,
  type Subject,
  subjectsOf,
  timeoutOf,
  UnknownNames,
  undrainable,
} from '../../src/playbook/drain-plan.ts';
import type { OverrideState } from '../../src/status/state.ts';
import { storedConfig } from '../agent/config.ts';
import { agentState } from '../facts/agent-state.ts';
import { drainState } from './drain-state.ts';

const { config } = storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11 } }
  lb2: { dip: { eth1: 10.77.1.12 } }
realservers:
  web1: { rip: 10.77.1.21 }
  web2: { rip: 10.77.1.22, weight: 2 }
  db1: { rip: 10.77.1.23 }
  spare: { rip: 10.77.1.24 }
groups: { front: [web1, web2], unused: [spare] }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1, lb2] }
services:
  http: { listen: '10.77.1.100:80', mode: dr, scheduler: wrr, realservers: [front], drain: { timeout: 2m, persistent: wait }, persistence: { timeout: 5m } }
  https: { listen: '10.77.1.100:443', mode: dr, scheduler: wrr, realservers: [web2], drain: { timeout: 3m, persistent: wait } }
  db: { listen: '10.77.1.100:5432', mode: dr, scheduler: wrr, realservers: [db1] }
`);

const subjects = (...names: string[]) => subjectsOf(config, { names, services: null });
const told = (request: Partial<DrainRequest>): string[] =>
  subjectsOf(config, { names: [], services: null, ...request }).map(
    (one) => `${one.realserver}: ${one.services.join()}`,
  );

describe('who is meant', () => {
  it.each<[string, Partial<DrainRequest>, string[]]>([
    ['a realserver', { names: ['web2'] }, ['web2: http,https']],
    ['a group', { names: ['front'] }, ['web1: http', 'web2: http,https']],
    ['a pattern', { names: ['?b*'] }, ['db1: db']],
    ['each once', { names: ['web1', 'front', 'web*'] }, ['web1: http', 'web2: http,https']],
    ['in one service only', { names: ['front'], services: ['https'] }, ['web2: https']],
  ])('%s', (_what, request, expected) => {
    expect(told(request)).toEqual(expected);
  });

  it.each<[Partial<DrainRequest>, string]>([
    [{ names: ['web11'] }, 'there is no realserver or group web11; did you mean web1?'],
    [{ names: ['x*'] }, 'no realserver is called x*'],
    [{ names: ['w.b1'] }, 'there is no realserver or group w.b1; did you mean web1?'],
    [{ names: ['web1'], services: ['htp'] }, 'there is no service htp; did you mean http?'],
    [
      { names: ['fornt', 'web1'], services: ['ftp'] },
      'there is no service ftp; there is no realserver or group fornt; did you mean front?',
    ],
    [{ names: ['web1'], services: ['https'] }, 'https has no realserver web1'],
    [{ names: ['spare'] }, 'no service has a realserver spare'],
    [{ names: ['unused'] }, 'no service has a realserver unused'],
  ])('%j: %s', (request, message) => {
    expect(() => told(request)).toThrow(message);
    expect(() => told(request)).toThrow(UnknownNames);
  });

  it('says what there is', () => {
    const wrong = () => told({ names: ['x'], services: ['y'] });
    expect(wrong).toThrow(
      expect.objectContaining({
        hints: ['the topology has web1, front, web2, db1, spare, unused; services http, https, db'],
      }),
    );
  });
});

describe('what speaks against it', () => {
  const lb1 = drainState('lb1', { http: { web1: {}, web2: {} }, https: { web2: {} }, db: { db1: {} } });

  it('is a quorum that would be lost, in each service, with its numbers', () => {
    expect(objectionsAt(config, [lb1, { ...lb1, director: 'lb2' }], subjects('web1'))).toEqual([]);
    expect(objectionsAt(config, [lb1, { ...lb1, director: 'lb2' }], subjects('web2', 'db1'))).toEqual([
      'https would keep weight 0 of 2, and its quorum is 1',
      'db would keep weight 0 of 1, and its quorum is 1',
    ]);
    expect(objectionsAt(config, [lb1], subjectsOf(config, { names: ['web2'], services: ['http'] }))).toEqual([]);
  });

  it('is that also at one director only', () => {
    const lb2 = drainState('lb2', { http: { web1: {}, web2: { weight: 0 } }, https: {}, db: {} });
    expect(objectionsAt(config, [lb1, lb2], subjects('web1'))).toEqual([
      'at lb2 http would keep weight 0 of 1, and its quorum is 1',
    ]);
  });

  it('is nothing that a drain has done already', () => {
    const hashed = { ...config, services: config.services.map((one) => ({ ...one, scheduler: 'dh' as const })) };
    const drained = { realserver: 'web1', service: null, weight: 0, owner: 'x', reason: null, since: 1, until: null };
    const again = drainState('lb2', { http: { web1: { weight: 0 }, web2: {} } }, { overrides: [drained] });
    expect(objectionsAt(hashed, [again], subjects('web1'))).toEqual([]);
    expect(objectionsAt(hashed, [lb1, again], subjects('web1'))).toEqual([
      expect.stringMatching(/^at lb1 http is scheduled by dh/),
    ]);
  });
});

describe('what is cautioned of', () => {
  it('is a kernel that sends reused source ports to a drained realserver', () => {
    expect(cautionsOf(config, subjects('web1'))).toEqual([]);
    const sysctl = { ...config.ipvs.sysctl, conn_reuse_mode: '1' };
    const careless = { ...config, ipvs: { ...config.ipvs, sysctl } };
    expect(cautionsOf(careless, subjects('web1'))).toEqual([
      expect.stringMatching(/conn_reuse_mode is 1 .*clients of http /),
    ]);
    const services = config.services.map((one) => ({ ...one, mode: 'nat' as const }));
    expect(cautionsOf({ ...careless, services }, subjects('web1'))).toEqual([]);
  });
});

it('waits as long as the services say, and for persistent clients where they say so', () => {
  expect([timeoutOf(config, subjects('web1')), timeoutOf(config, subjects('web1', 'web2'))]).toEqual([
    120_000, 180_000,
  ]);
  expect([...persistentIn(config)]).toEqual(['http']);
});

describe('what the agents are told', () => {
  const at = agentState().at;
  const known = (change: Partial<OverrideState> = {}): OverrideState => ({
    ...{ realserver: 'web1', service: null, weight: 0, owner: 'bob', reason: 'disk', since: at - 5, until: at + 99 },
    ...change,
  });
  const state = (...overrides: OverrideState[]) => agentState({ overrides });
  const NOTHING = { reason: null, forMs: null };

  it('is one order for all that are alike', () => {
    expect(ordersFor([state(), state()], subjects('web1', 'web2'), { reason: 'kernel', forMs: 7_200_000 })).toEqual([
      { realservers: ['web1', 'web2'], services: null, reason: 'kernel', until: at + 7_200_000 },
    ]);
  });

  it('names the services of each where some were named', () => {
    const some = subjectsOf(config, { names: ['front'], services: ['http', 'https'] });
    expect(ordersFor([state()], some, NOTHING).map(({ realservers, services }) => [realservers, services])).toEqual([
      [['web1'], ['http']],
      [['web2'], ['http', 'https']],
    ]);
  });

  it('is nothing where it is drained everywhere and nothing new is said', () => {
    expect(ordersFor([state(known()), state(known())], subjects('web1'), NOTHING)).toEqual([]);
    expect(ordersFor([state(known()), state(known())], subjects('web1'), { reason: 'x', forMs: null })).toMatchObject([
      { reason: 'x', until: at + 99 },
    ]);
  });

  it('keeps reason and end where one director does not know of it', () => {
    const [first] = ordersFor(
      [state(known({ since: at - 9, reason: 'old' })), state(known()), state()],
      subjects('web1'),
      NOTHING,
    );
    expect(first).toMatchObject({ reason: 'disk', until: at + 99 });
  });

  it('is said of all services though one of them is drained already', () => {
    expect(ordersFor([state(known({ service: 'http' }))], subjects('web1'), NOTHING)).toHaveLength(1);
  });
});

describe('an undrain', () => {
  const taken = (overrides: readonly (readonly [string, string | null])[], found: readonly Subject[]) => {
    const common = { weight: 0, owner: 'bob', reason: null, since: 1, until: null };
    const state = agentState({
      overrides: overrides.map(([realserver, service]) => ({ realserver, service, ...common })),
    });
    const { drained, idle, whole } = undrainable([agentState(), state], found);
    return [drained, idle, whole].map((list) => list.map(({ realserver }) => realserver));
  };
  const inHttp = () => subjectsOf(config, { names: ['front'], services: ['http'] });

  it('takes back whatever is said of a realserver, at one director or at all', () => {
    expect(taken([['web1', null]], subjects('front'))).toEqual([['web1'], ['web2'], []]);
    expect(taken([['web2', 'https']], subjects('front'))).toEqual([['web2'], ['web1'], []]);
  });

  it('takes back for one service what was said of it, and not what was said of all', () => {
    expect(
      taken(
        [
          ['web1', 'http'],
          ['web2', 'https'],
        ],
        inHttp(),
      ),
    ).toEqual([['web1'], ['web2'], []]);
    expect(taken([['web1', null]], inHttp())).toEqual([[], ['web2'], ['web1']]);
  });
});
