import { describe, expect, it } from 'vitest';
import type { Measured } from './load.ts';
import type { Round } from './round.ts';
import { busyGoal, goalsOf, rowsOf } from './summary.ts';

const MEASURED: Measured = {
  gapMs: 300,
  sent: 1000,
  failed: 30,
  causes: {},
  ownLatenessMs: 3,
  connections: 50,
  connectionsLost: 0,
  downloads: 10,
  downloadsLost: 0,
};

function round(change: Partial<Round>, measured: Partial<Measured> = {}): Round {
  const about = {
    mode: 'dr',
    advertMs: 100,
    peer: 'lvsctl',
    rate: 500,
    fault: 'crash',
    moves: 1,
    repeated: 0,
  } as const;
  return { ...about, measured: { ...MEASURED, ...measured }, ...change };
}

function unmeasured(): Round {
  const { measured: _, ...rest } = round({ moves: 0, error: 'lb1 did not boot' });
  return rest;
}

describe('rows', () => {
  it('have the median and the worst of their rounds, and count what could not be measured', () => {
    const rounds = [
      round({}, { gapMs: 290 }),
      round({ moves: 3, repeated: 2 }, { gapMs: 400, connectionsLost: 2 }),
      unmeasured(),
    ];
    expect(rowsOf(rounds)).toEqual([
      {
        ...{ peer: 'lvsctl', mode: 'dr', advertMs: 100, rate: 500, fault: 'crash', runs: 2, broken: 1 },
        ...{ medianGapMs: 345, worstGapMs: 400, failed: 60, sent: 2000, connections: 100, connectionsLost: 2 },
        ...{ downloads: 20, downloadsLost: 0, moves: 3, ownLatenessMs: 3, repeated: 2 },
      },
    ]);
  });

  it('keep peers, modes, timers, rates and faults apart', () => {
    const changes = [
      {},
      { peer: 'keepalived' },
      { mode: 'nat' },
      { advertMs: 1000 },
      { rate: 5 },
      { fault: 'cut' },
    ] as const;
    expect(rowsOf(changes.map((change) => round(change)))).toHaveLength(changes.length);
  });
});

describe('goals', () => {
  const met = (...rounds: readonly Round[]) => goalsOf(rowsOf(rounds)).map((goal) => goal.met);

  it('a crash costs no more than with keepalived in the same setting, and than master_down + 50 ms', () => {
    const theirs = (gapMs: number) => round({ peer: 'keepalived' }, { gapMs });
    expect(met(round({}), theirs(300))).toEqual([true, true]);
    expect(met(round({}, { gapMs: 311 }), theirs(300))).toEqual([false, true]);
    expect(met(round({}, { gapMs: 412 }), theirs(500))).toEqual([true, false]);
    expect(met(round({}), round({ peer: 'keepalived', rate: 5 }, { gapMs: 1 }))).toEqual([true]);
  });

  it('a planned hand-over takes 50 ms at most and loses nothing, but in NAT', () => {
    const fault = 'hand-over';
    const nothing = { gapMs: 0, failed: 0 };
    expect(met(round({ fault }, nothing))).toEqual([true, true]);
    expect(met(round({ fault }, { ...nothing, gapMs: 51 }))).toEqual([false, true]);
    expect(met(round({ fault }, { ...nothing, failed: 1 }))).toEqual([true, false]);
    expect(met(round({ fault: 'hand-over-off' }, { ...nothing, connectionsLost: 1 }))).toEqual([true, false]);
    expect(met(round({ fault, mode: 'tun' }, { ...nothing, downloadsLost: 1 }))).toEqual([true, false]);
    expect(met(round({ fault, mode: 'nat' }, { downloadsLost: 1 }))).toEqual([]);
  });

  it('say nothing of keepalived alone, nor of what could not be measured', () => {
    expect(met(round({ peer: 'keepalived' }), unmeasured())).toEqual([]);
  });

  it('busy loops make nobody take over; what they do to keepalived is no goal', () => {
    const run = { peer: 'lvsctl', advertMs: 100, seconds: 60, failed: 0, sent: 1200 } as const;
    const runs = [
      { ...run, transitions: 0 },
      { ...run, transitions: 2 },
      { ...run, peer: 'keepalived', transitions: 5 },
    ] as const;
    expect(busyGoal(runs).map((goal) => goal.met)).toEqual([true, false]);
  });
});
