import { describe, expect, it } from 'vitest';
import type { Wanted } from '../../src/desired/wanted.ts';
import { clockProblems } from '../../src/playbook/clocks.ts';
import type { Reading } from '../../src/playbook/cluster.ts';
import { freshFacts } from '../operations/facts.ts';

const NOW = 1_795_000_000_000;

interface Read {
  readonly host: string;
  /** Of its clock from ours, ms. */
  readonly ahead: number | null;
  /** How long the question took. */
  readonly took?: number;
  readonly windows?: Readonly<Record<string, number | null>>;
}

function reading({ host, ahead, took = 100, windows = { public: 5_000 } }: Read): Reading {
  const instances = Object.entries(windows).map(([name, hmacWindowMs]) => ({ name, hmacWindowMs }));
  const target = { wanted: { host, director: { instances } } as unknown as Wanted, connection: {} as never };
  const clock = ahead === null ? null : Math.floor((NOW + ahead + took / 2) / 1000) * 1000;
  return { target, connection: {} as never, facts: freshFacts({ clock }), askedMs: { from: NOW, until: NOW + took } };
}
const problems = (...all: readonly Read[]) => [...clockProblems(all.map(reading))];

describe('clocks of directors that sign', () => {
  it('that agree are no problem, nor is a little difference', () => {
    for (const ahead of [-2_400, -500, 0, 500, 2_400])
      expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead })).toEqual([]);
  });

  it('that are more than half the window apart are one, on the second, with the next step', () => {
    expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead: 3_600_000 })).toEqual([
      [
        'lb2',
        'its clock is at least 3598.9 s ahead of that of lb1, and signed advertisements of public may be 5 s old or early; set the clocks of both (timedatectl set-ntp true, or chronyc makestep) and apply again.',
      ],
    ]);
    expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead: -8_000 })[0]?.[1]).toMatch(
      / s behind that of lb1/,
    );
  });

  it('count only as far apart as they certainly are: a slow answer proves nothing', () => {
    expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead: 8_000, took: 20_000 })).toEqual([]);
  });

  it('may be further apart where the window is wider', () => {
    const wide = { public: 30_000 };
    expect(problems({ host: 'lb1', ahead: 0, windows: wide }, { host: 'lb2', ahead: 10_000, windows: wide })).toEqual(
      [],
    );
    const both = { public: 30_000, quick: 5_000 };
    expect(
      problems({ host: 'lb1', ahead: 0, windows: both }, { host: 'lb2', ahead: 10_000, windows: both })[0]?.[1],
    ).toContain('of quick may be 5 s');
  });

  it('are no matter where nothing is signed, of directors without a common instance, or when they are not known', () => {
    const none = { public: null };
    expect(problems({ host: 'lb1', ahead: 0, windows: none }, { host: 'lb2', ahead: 60_000, windows: none })).toEqual(
      [],
    );
    expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead: 60_000, windows: { other: 5_000 } })).toEqual([]);
    expect(problems({ host: 'lb1', ahead: 0 }, { host: 'lb2', ahead: null })).toEqual([]);
  });
});
