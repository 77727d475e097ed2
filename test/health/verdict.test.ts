import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckTiming } from '../../src/config/service.ts';
import {
  afterProbe,
  allOf,
  firstStanding,
  type ProbeResult,
  type Standing,
  type Verdict,
} from '../../src/health/verdict.ts';

const TIMING: CheckTiming = {
  intervalMs: 5_000,
  timeoutMs: 2_000,
  retries: 2,
  retryDelayMs: 1_000,
  rise: 2,
  warmupMs: 5_000,
};

/** Runs results one after another, each taking `tookMs`, when the standing says that they are due. `+` passes, `-` fails. */
function play(start: Verdict, results: string, timing: CheckTiming = TIMING, tookMs = 10): Standing[] {
  let standing = firstStanding(start, timing, 0, 0);
  return [...results].map((sign) => {
    const startedMs = standing.nextMs;
    const result =
      sign === '+' ? ({ ok: true, latencyMs: 1 } as const) : ({ ok: false, latencyMs: 1, error: 'no' } as const);
    standing = afterProbe(standing, timing, result, startedMs, startedMs + tookMs);
    return standing;
  });
}

const letters = (standings: Standing[]): string => standings.map(({ verdict }) => verdict[0]).join('');

describe('a verdict', () => {
  it.each<[string, Verdict, string, string, Partial<CheckTiming>?]>([
    ['the first success decides', 'unknown', '+', 'u'],
    ['the first failure decides', 'unknown', '-', 'd'],
    ['up needs 1 + retries failures in a row', 'up', '---', 'uud'],
    ['a success between forgives', 'up', '--+--+---', 'uuuuuuuud'],
    ['down needs rise successes in a row', 'down', '++', 'du'],
    ['a failure between starts over', 'down', '+-+-++', 'dddddu'],
    ['no retries: one failure is enough', 'up', '-', 'd', { retries: 0 }],
    ['rise 1: one success is enough', 'down', '+', 'u', { rise: 1 }],
    ['rise 0 means 1', 'down', '+', 'u', { rise: 0 }],
    ['after a first failure rise counts', 'unknown', '-++', 'ddu'],
  ])('%s', (_title, start, results, verdicts, timing = {}) => {
    expect(letters(play(start, results, { ...TIMING, ...timing }))).toBe(verdicts);
  });

  it('is down within interval + (1 + retries) × timeout + retries × retry delay when the target hangs', () => {
    const [first] = play('up', '+');
    let standing = first!;
    const diedMs = 1;
    while (standing.verdict === 'up') {
      const startedMs = standing.nextMs;
      const endedMs = startedMs + TIMING.timeoutMs;
      standing = afterProbe(standing, TIMING, { ok: false, latencyMs: 2_000, error: 'x' }, startedMs, endedMs);
    }
    expect(standing.sinceMs - diedMs).toBeLessThanOrEqual(5_000 + 3 * 2_000 + 2 * 1_000);
  });

  it('retries a failure early, and believes a recovery at the pace of the interval', () => {
    expect(play('up', '---').map(({ nextMs }) => nextMs)).toEqual([1_010, 2_020, 7_020]);
    expect(play('down', '++').map(({ nextMs }) => nextMs)).toEqual([5_000, 10_000]);
  });

  it('keeps its pace whatever a probe takes, and never starts one before the last has ended', () => {
    expect(play('up', '++', TIMING, 1_500).map(({ nextMs }) => nextMs)).toEqual([5_000, 10_000]);
    expect(play('up', '+', { ...TIMING, intervalMs: 100 }, 1_500).map(({ nextMs }) => nextMs)).toEqual([1_500]);
  });

  it('remembers why it failed until it is up again, and the latency of the last success', () => {
    expect(play('down', '-+').map(({ lastError, latencyMs }) => [lastError, latencyMs])).toEqual([
      ['no', null],
      ['no', 1],
    ]);
    expect(play('down', '-++').at(-1)).toMatchObject({ verdict: 'up', lastError: null });
  });

  it('keeps the weight that the last success wanted, whatever fails meanwhile', () => {
    const next = (standing: Standing, result: ProbeResult) => afterProbe(standing, TIMING, result, 0, 0);
    const failed = { ok: false, latencyMs: 1, error: 'no' } as const;
    const first = firstStanding('up', TIMING, 0, 0);
    const weighed = next(first, { ok: true, latencyMs: 1, weight: 7 });
    expect([first.weight, weighed.weight, next(weighed, failed).weight]).toEqual([null, 7, 7]);
    expect(next(weighed, { ok: true, latencyMs: 1, weight: 0 })).toMatchObject({ verdict: 'up', weight: 0 });
    expect(next(weighed, { ok: true, latencyMs: 1 }).weight).toBeNull();
  });

  it('starts after a random part of the warmup', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const { nextMs } = firstStanding('unknown', TIMING, 100, random);
        expect(nextMs).toBeGreaterThanOrEqual(100);
        expect(nextMs).toBeLessThan(5_100);
      }),
    );
  });

  it('only ever turns after enough results in a row, whatever comes', () => {
    const timing = fc.record({
      intervalMs: fc.integer({ min: 100, max: 10_000 }),
      timeoutMs: fc.constant(100),
      retries: fc.integer({ min: 0, max: 4 }),
      retryDelayMs: fc.integer({ min: 0, max: 2_000 }),
      rise: fc.integer({ min: 1, max: 4 }),
      warmupMs: fc.constant(0),
    });
    fc.assert(
      fc.property(timing, fc.array(fc.constantFrom('+', '-'), { maxLength: 60 }), (given, results) => {
        const verdicts: Verdict[] = ['up', ...play('up', results.join(''), given).map(({ verdict }) => verdict)];
        for (const [index, verdict] of verdicts.entries()) {
          if (verdict === (verdicts[index - 1] ?? 'up')) continue;
          const row = verdict === 'down' ? '-'.repeat(1 + given.retries) : '+'.repeat(given.rise);
          expect(results.slice(0, index).join('').endsWith(row)).toBe(true);
        }
      }),
    );
  });
});

it.each<[Verdict[], Verdict]>([
  [[], 'up'],
  [['up', 'up'], 'up'],
  [['up', 'unknown'], 'unknown'],
  [['unknown', 'down', 'up'], 'down'],
])('all of %j are %s', (verdicts, verdict) => expect(allOf(verdicts)).toBe(verdict));
