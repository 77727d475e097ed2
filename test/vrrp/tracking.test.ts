/** What an instance tracks, in every state, turned into priority, faults and the gate; and how states are carried over. */
import { describe, expect, it } from 'vitest';
import type { InstanceSetup, Tracker } from '../../src/vrrp/instance-setup.ts';
import { WAIT_FOR_VERDICTS_MS } from '../../src/vrrp/intervals.ts';
import type { TrackerState } from '../../src/vrrp/link.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { known, lossCountsMs, type Surroundings, standingOf, upSince, watchedBy } from '../../src/vrrp/tracking.ts';
import { address, configuration, instance } from './configuration.ts';

const [base] = setupsFor(configuration([instance()]), 'a', []).instances;
const NOTHING: InstanceSetup['track'] = { interfaces: [], scripts: [], services: [], files: [] };
const LATE = WAIT_FOR_VERDICTS_MS + 1;

const tracking = (track: Partial<InstanceSetup['track']>): InstanceSetup => ({
  ...base!,
  track: { ...NOTHING, ...track },
});
const tracker = (name: string, weight: number, more: Partial<Tracker> = {}): Tracker => ({
  name,
  weight,
  reverse: false,
  ...more,
});
const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  interfaces: {
    eth1: { upSinceMs: 0, addresses: [address('10.9.0.1')] },
    eth0: { upSinceMs: 0, addresses: [] },
    eth2: { upSinceMs: null, addresses: [] },
  },
  scripts: {},
  services: {},
  files: {},
  ready: true,
  startedAtMs: 0,
  ...more,
});

describe('a tracker', () => {
  it.each<[string, Partial<InstanceSetup['track']>, Partial<Surroundings>, number, readonly string[]]>([
    ['interface with a weight, up', { interfaces: [tracker('eth0', -20)] }, {}, 110, []],
    ['interface with a weight, down', { interfaces: [tracker('eth2', -20)] }, {}, 90, []],
    ['interface with a positive weight, up', { interfaces: [tracker('eth0', 20)] }, {}, 130, []],
    ['interface of weight 0, down', { interfaces: [tracker('eth2', 0)] }, {}, 110, ['tracked interface eth2 is down']],
    ['interface that is not there', { interfaces: [tracker('eth9', 0)] }, {}, 110, ['tracked interface eth9 is down']],
    ['script with a weight, failing', { scripts: [tracker('x', -20)] }, { scripts: { x: 'down' } }, 90, []],
    ['script with a weight, not known', { scripts: [tracker('x', -20)] }, {}, 110, []],
    [
      'script that starts down, not known',
      { scripts: [tracker('x', 0, { start: 'down' })] },
      {},
      110,
      ['tracked script x is down'],
    ],
    [
      'script that starts down, passing',
      { scripts: [tracker('x', 0, { start: 'down' })] },
      { scripts: { x: 'up' } },
      110,
      [],
    ],
    [
      'reversed script of weight 0, passing',
      { scripts: [tracker('x', 0, { reverse: true })] },
      { scripts: { x: 'up' } },
      110,
      ['tracked script x is up'],
    ],
    [
      'reversed script with a weight, failing',
      { scripts: [tracker('x', -20, { reverse: true })] },
      { scripts: { x: 'down' } },
      110,
      [],
    ],
    ['service with a weight, down', { services: [tracker('http', -50)] }, { services: { http: 'down' } }, 60, []],
    [
      'service of weight 0, down',
      { services: [tracker('http', 0)] },
      { services: { http: 'down' } },
      110,
      ['tracked service http is down'],
    ],
    ['file with a weight that exists', { files: [tracker('/run/x', -60)] }, { files: { '/run/x': 'down' } }, 50, []],
    [
      'file with a weight that does not exist',
      { files: [tracker('/run/x', -60)] },
      { files: { '/run/x': 'up' } },
      110,
      [],
    ],
    [
      'file of weight 0 that exists',
      { files: [tracker('/run/x', 0)] },
      { files: { '/run/x': 'down' } },
      110,
      ['tracked file /run/x exists'],
    ],
    [
      'several add up',
      { scripts: [tracker('x', -20)], files: [tracker('/run/x', -60)], services: [tracker('http', 30)] },
      { scripts: { x: 'down' }, files: { '/run/x': 'down' }, services: { http: 'up' } },
      60,
      [],
    ],
  ])('%s', (_name, track, more, priority, faults) => {
    expect(standingOf(tracking(track), around(more), LATE)).toEqual({
      priority,
      faults,
      waitingFor: null,
      opensAtMs: null,
    });
  });

  it('is told with what it counts as', () => {
    const setup = tracking({
      interfaces: [tracker('eth2', -20)],
      scripts: [tracker('x', 0, { reverse: true })],
      services: [tracker('http', -50)],
      files: [tracker('/run/x', -60)],
    });
    const seen = watchedBy(setup, around({ scripts: { x: 'up' }, files: { '/run/x': 'up' } }));
    expect(seen.map(({ kind, name, state, isDown }) => `${kind} ${name} ${state} ${isDown}`)).toEqual([
      'interface eth2 down true',
      'script x up true',
      'service http unknown false',
      'file /run/x up false',
    ]);
  });
});

describe('the own address', () => {
  const OWN = address('10.9.0.1');
  const [has, lacks] = [[OWN], []].map((addresses) => ({ eth1: { up: true, addresses } }));
  const faultsAt = (interfaces: Surroundings['interfaces'], nowMs: number, advertIntervalMs = 1_000) =>
    standingOf({ ...tracking({}), advertIntervalMs }, around({ interfaces }), nowMs).faults;
  const LOST = [`address ${OWN} is not on interface eth1`];

  it('may be lost for 200 ms, and for two intervals at most', () => {
    const lost = upSince(upSince({}, has!, 0), lacks!, 1_000);
    expect([faultsAt(lost, 1_000), faultsAt(lost, 1_199), faultsAt(lost, 1_200)]).toEqual([[], [], LOST]);
    expect([faultsAt(lost, 1_019, 10), faultsAt(lost, 1_020, 10)]).toEqual([[], LOST]);
    const setup = tracking({});
    expect(lossCountsMs(setup, around({ interfaces: lost }), 1_199)).toBe(1_200);
    expect(lossCountsMs(setup, around({ interfaces: lost }), 1_200)).toBeNull();
  });

  it('counts from its loss on, however often the interface is read', () => {
    const again = upSince(upSince(upSince({}, has!, 0), lacks!, 1_000), lacks!, 1_150);
    expect(faultsAt(again, 1_200)).toEqual(LOST);
    expect(upSince(again, lacks!, 1_200)).toEqual({ eth1: { upSinceMs: 0, addresses: [] } });
    expect(upSince(again, has!, 1_160)).toEqual({ eth1: { upSinceMs: 0, addresses: [OWN] } });
  });

  it('was never there, or not since the link is up: a fault at once', () => {
    expect(faultsAt(upSince({}, lacks!, 1_000), 1_000)).toEqual(LOST);
    const down = upSince({}, { eth1: { up: false, addresses: [OWN] } }, 0);
    expect(faultsAt(upSince(down, lacks!, 1_000), 1_000)).toEqual(LOST);
  });
});

describe('the gate', () => {
  it.each<[string, Partial<InstanceSetup['track']>, Partial<Surroundings>, string | null]>([
    ['waits for a script of weight 0', { scripts: [tracker('x', 0)] }, {}, 'the first result of script x'],
    ['waits for a script with a weight', { scripts: [tracker('x', -5)] }, {}, 'the first result of script x'],
    ['waits for a file', { files: [tracker('/run/x', 0)] }, {}, 'the first result of file /run/x'],
    ['opens with the result', { files: [tracker('/run/x', 0)] }, { files: { '/run/x': 'up' } }, null],
    [
      'does not wait for a script that has a state to start from',
      { scripts: [tracker('x', 0, { start: 'up' })] },
      {},
      null,
    ],
    ['leaves services to the first verdicts', { services: [tracker('http', 0)] }, {}, null],
  ])('%s', (_name, track, more, waitingFor) => {
    const setup = tracking(track);
    const opensAtMs = waitingFor === null ? null : WAIT_FOR_VERDICTS_MS;
    expect(standingOf(setup, around(more), 5)).toMatchObject({ waitingFor, opensAtMs });
    expect(standingOf(setup, around(more), LATE)).toMatchObject({ waitingFor: null, opensAtMs: null });
  });
});

describe('what is known', () => {
  it.each<[TrackerState | undefined, TrackerState, TrackerState]>([
    ['down', 'unknown', 'down'],
    ['up', 'unknown', 'up'],
    ['down', 'up', 'up'],
    [undefined, 'unknown', 'unknown'],
    ['unknown', 'down', 'down'],
  ])('%s, then %s: %s', (before, after, expected) => {
    expect(known(before === undefined ? {} : { x: before }, { x: after })).toEqual({ x: expected });
  });

  it('goes with the tracker', () => {
    expect(known({ x: 'down' }, {})).toEqual({});
  });
});
