import { beforeEach, describe, expect, it } from 'vitest';
import { Members } from '../../src/agent/members.ts';
import type { Override } from '../../src/balancer/override.ts';
import { probePlan } from '../../src/health/probe-plan.ts';
import { firstStanding, type Standing } from '../../src/health/verdict.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import { storedConfig, webTopology } from './config.ts';

const { config } = storedConfig(
  webTopology({ ports: [80, 81] }).replace(
    'checks: [{ http: /, port: 80 }]',
    'checks: [{ http: /, port: 80 }, { file: /run/serve }]',
  ),
);
const [service] = config.services;
const plan = probePlan(config, 'lb1');
const clock = new FakeClock();
let overrides: readonly Override[];
let standings: Map<string, Standing>;
let members: Members;

beforeEach(() => {
  overrides = [];
  const up = firstStanding('up', service!.realservers[0]!.checks[0]!.timing, 0, 0);
  standings = new Map([...plan.probes.keys()].map((key) => [key, up]));
  members = new Members({
    clock,
    overrides: () => overrides,
    prober: {
      plan,
      standing: (key) => standings.get(key),
      judge: (probes) => {
        const all = probes.flatMap((key) => standings.get(key) ?? []);
        return all.find(({ verdict }) => verdict === 'down') ?? all[0]!;
      },
    },
  });
});

function sight() {
  members.hear();
  return members.sightOf(service!);
}

/** Something has happened to the check of that kind of the first realserver. */
function change(kind: 'http' | 'file', to: Partial<Standing>): void {
  const keys = members.probesOf(service!.name, 'web1');
  const key = keys.find((one) => plan.probes.get(one)?.check.kind === kind)!;
  standings.set(key, { ...standings.get(key)!, ...to });
}

const drain = (until: number | null): Override => {
  return { realserver: 'web1', service: null, weight: 0, owner: 'x', reason: null, since: 0, until };
};

describe('what policies see of realservers', () => {
  it('is the same object while nothing that matters changes', () => {
    const before = sight();
    change('http', { nextMs: 99, latencyMs: 3, against: 1 });
    clock.advance(5_000);
    expect(sight()).toBe(before);
  });

  it.each<[string, Partial<Standing>, object]>([
    ['a verdict', { verdict: 'down', sinceMs: 4, lastError: 'x' }, { verdict: 'down', sinceMs: 4, error: 'x' }],
    ['its time', { sinceMs: 4 }, { sinceMs: 4 }],
    ['a weight', { weight: 9 }, { weight: 9 }],
  ])('follows %s', (_title, to, expected) => {
    sight();
    change('http', to);
    expect(sight().members[0]).toMatchObject(expected);
  });

  it('tells a failure that is presumed from one that a check has found', () => {
    change('http', { verdict: 'down' });
    expect(sight().members[0]).toMatchObject({ isPresumed: true });
    change('http', { verdict: 'down', lastError: 'is refused' });
    expect(sight().members[0]).toMatchObject({ isPresumed: false, error: 'is refused', isMeant: false });
  });

  it('tells what somebody wants by a file from what has failed', () => {
    change('file', { verdict: 'down', lastError: 'is not there' });
    expect(sight().members[0]).toMatchObject({ verdict: 'down', isMeant: true });
  });

  it('follows what operators say, and its end', () => {
    const before = sight();
    overrides = [drain(clock.wall() + 1_000)];
    expect(sight().members.map(({ weight }) => weight)).toEqual([0, 2]);
    clock.advance(1_000);
    expect(sight().members).toEqual(before.members);
    overrides = [drain(null)];
    expect(sight().members[0]?.weight).toBe(0);
  });
});
