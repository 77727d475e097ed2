import { describe, expect, it } from 'vitest';
import type { IpvsFigures, IpvsRound, Served } from './figures.ts';
import { goalsOf, summaryOf } from './summary.ts';
import { tablesText } from './table.ts';

const taken = (wallMs: number, cpuMs = wallMs) => ({ wallMs, cpuMs });

function round(change: Partial<IpvsRound> = {}): IpvsRound {
  const unchanged = [taken(100, 90), taken(120, 110), taken(110, 100)];
  const whole = { program: taken(200), reconcile: taken(400), unchanged, restoreMs: 4000 };
  return { ...whole, isEqual: true, lines: 11_000, ...change };
}

const late = (worstMs: number) => ({ samples: 100, medianMs: 0.5, worstMs });
const SERVED: Served = {
  ...{ startMs: 900, mendMs: 700, cpuMsASecond: 120, memoryMb: 90 },
  ...{ lateQuiet: late(2), lateProgramming: late(3), lateSteady: late(4), lateMending: late(5) },
};

const figuresOf = (change: Partial<IpvsFigures> = {}): IpvsFigures => ({
  ...{ rounds: [round()], big: null, served: null },
  ...change,
});
const met = (change: Partial<IpvsFigures>) => goalsOf(figuresOf(change)).map((goal) => goal.met);

describe('rounds of the IPVS benchmark', () => {
  it('are medians, and the median of the ratios of each round', () => {
    const rounds = [round(), round({ program: taken(100) }), round({ restoreMs: 1000 })];
    expect(summaryOf(rounds)).toEqual({
      lines: 11_000,
      programMs: 200,
      reconcileMs: 400,
      restoreMs: 4000,
      programRatio: 20,
      reconcileRatio: 10,
      unchangedMs: 110,
      unchangedCpuMs: 100,
    });
  });

  it('meet the goals, or do not', () => {
    expect(met({})).toEqual([true, true, true]);
    expect(met({ rounds: [round({ restoreMs: 1999 })] })).toEqual([false, true, true]);
    expect(met({ rounds: [round({ unchanged: [taken(150, 201)] })] })).toEqual([true, false, true]);
    expect(met({ rounds: [round(), round({ isEqual: false })] })).toEqual([true, true, false]);
  });

  it('hold the big service and both processes against theirs', () => {
    const restored = { read: taken(1), unchanged: taken(1), oneWeight: taken(1), restoreMs: 1 };
    const big = { realservers: 5000, program: taken(1), ...restored };
    expect(met({ big: { ...big, isRight: false } }).at(-1)).toBe(false);
    expect(met({ served: SERVED }).slice(3)).toEqual([true, true]);
    expect(met({ served: { ...SERVED, cpuMsASecond: 201 } }).slice(3)).toEqual([false, true]);
    expect(met({ served: { ...SERVED, lateMending: late(100) } }).slice(3)).toEqual([true, false]);
  });

  it('are tables', () => {
    const text = tablesText(figuresOf({ served: SERVED }));
    expect(text).toMatch(/^programmed by netlink +200 ms +4000 ms +20\.0$/m);
    expect(text).toMatch(/^while it programs what was emptied +0\.50 ms +5\.0 ms +100$/m);
  });
});
