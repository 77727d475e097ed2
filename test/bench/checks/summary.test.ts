import { describe, expect, it } from 'vitest';
import type { CheckRound, RateRound } from './figures.ts';
import { keepalivedText } from './keepalived.ts';
import { goalsOf, ratioOf, rowsOf } from './summary.ts';
import { tableText } from './table.ts';

const late = (worstMs: number, medianMs = 0.5) => ({ samples: 100, medianMs, worstMs });

function round(change: Partial<CheckRound> = {}): CheckRound {
  const counted = { checks: 5000, elapsedMs: 10_000, cpuMs: 500, memoryMb: 80 };
  return { peer: 'lvs-agent', kind: 'tcp', ...counted, late: late(2), ...change };
}

const RATE: RateRound = {
  ...{ wanted: 10_000, checks: 100_000, failed: 0, elapsedMs: 10_000, cpuMs: 7_000 },
  ...{ lateQuiet: late(2), late: late(3) },
};
const met = (change: Partial<RateRound>) => goalsOf({ ...RATE, ...change }).map((goal) => goal.met);

describe('rounds of the benchmark of checks', () => {
  const rows = rowsOf([
    round({ cpuMs: 400, late: late(7) }),
    round({ cpuMs: 600 }),
    round(),
    round({ peer: 'keepalived', cpuMs: 250, memoryMb: 20 }),
    round({ kind: 'http', cpuMs: 1000 }),
  ]);

  it('are a row for each kind and peer that was measured', () => {
    expect(rows.map(({ kind, peer }) => `${kind} ${peer}`)).toEqual([
      'tcp lvs-agent',
      'tcp keepalived',
      'http lvs-agent',
    ]);
    expect(rows[0]).toEqual({
      ...{ kind: 'tcp', peer: 'lvs-agent', rounds: 3, checksASecond: 500, microsecondsACheck: 100, memoryMb: 80 },
      ...{ lateMedianMs: 0.5, lateWorstMs: 7 },
    });
  });

  it('have ratios where both were measured', () => {
    expect(ratioOf(rows, 'tcp', (row) => row.microsecondsACheck)).toBe(2);
    expect(ratioOf(rows, 'http', (row) => row.memoryMb)).toBeNaN();
    expect(tableText(rows)).toContain(
      'tcp: lvs-agent takes 2.0 × keepalived’s processor time a check, 4.0 × its memory',
    );
  });

  it('hold many checks on one core against the goal, and the VRRP loop against itself', () => {
    expect(goalsOf(null)).toEqual([]);
    expect(met({})).toEqual([true, true]);
    expect(met({ checks: 98_000 })).toEqual([false, true]);
    expect(met({ failed: 1 })).toEqual([false, true]);
    expect(met({ late: late(12.1) })).toEqual([true, false]);
    expect(met({ late: late(12, 12) })).toEqual([true, false]);
  });
});

describe('the keepalived.conf of the benchmark', () => {
  it('has every realserver once, each with its check', () => {
    const text = keepalivedText('http', 2, 3);
    expect(text.match(/real_server 127\.1\.0\.\d \d+/g)).toEqual([
      ...['real_server 127.1.0.0 1000', 'real_server 127.1.0.1 1000', 'real_server 127.1.0.2 1000'],
      ...['real_server 127.1.0.3 1001', 'real_server 127.1.0.4 1001', 'real_server 127.1.0.5 1001'],
    ]);
    expect(text.match(/HTTP_GET/g)).toHaveLength(6);
    expect(keepalivedText('tcp', 1, 1)).toContain('TCP_CHECK');
  });
});
