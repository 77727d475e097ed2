import { describe, expect, it } from 'vitest';
import type { CheckTiming } from '../../src/config/service.ts';
import { dampedRise, isDamped } from '../../src/health/damping.ts';
import { afterProbe, firstStanding, type Standing } from '../../src/health/verdict.ts';

const TIMING: CheckTiming = { intervalMs: 5_000, timeoutMs: 2_000, retries: 0, retryDelayMs: 0, rise: 2, warmupMs: 0 };

function probed(standing: Standing, ok: boolean, atMs = standing.nextMs): Standing {
  const result = ok ? ({ ok, latencyMs: 1 } as const) : ({ ok, latencyMs: 1, error: 'no' } as const);
  return afterProbe(standing, TIMING, result, atMs, atMs);
}

/** Fails once, then passes until it is up. @returns how many successes that took */
function fall(standing: Standing): [Standing, number] {
  let now = probed(standing, false);
  let successes = 0;
  for (; now.verdict === 'down'; successes++) now = probed(now, true);
  return [now, successes];
}

describe('a realserver that flaps', () => {
  it('has to pass twice as often each time', () => {
    let standing = firstStanding('up', TIMING, 0, 0);
    const needed = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const [next, successes] = fall(standing);
      standing = next;
      return successes;
    });
    expect(needed).toEqual([2, 4, 8, 16, 32, 60, 60]);
  });

  it('is forgiven once it has been up for five minutes', () => {
    const [once] = fall(firstStanding('up', TIMING, 0, 0));
    const [twice] = fall(once);
    expect(isDamped(twice, twice.sinceMs + 299_999)).toBe(true);
    expect(isDamped(twice, twice.sinceMs + 300_000)).toBe(false);
    const early = probed(twice, false, twice.sinceMs + 299_999);
    const late = probed(twice, false, twice.sinceMs + 300_000);
    expect([early.falls, late.falls]).toEqual([3, 1]);
    expect([isDamped(early, early.sinceMs + 9e9), isDamped(late, late.sinceMs)]).toEqual([true, false]);
  });

  it('need not where nothing better is left: what it has proved so far counts', () => {
    let standing = firstStanding('up', TIMING, 0, 0);
    for (const _time of [1, 2, 3]) [standing] = fall(standing);
    let now = probed(standing, false);
    for (const _time of [1, 2, 3]) now = probed(now, true);
    expect([now.verdict, dampedRise(TIMING, now.falls)]).toEqual(['down', 16]);
    const result = { ok: true, latencyMs: 1 } as const;
    expect(afterProbe(now, TIMING, result, now.nextMs, now.nextMs, false)).toMatchObject({ verdict: 'up', falls: 4 });
  });

  it('never waits for less than its rise, nor for more than five minutes of probes beyond it', () => {
    expect(dampedRise({ rise: 200, intervalMs: 5_000 }, 4)).toBe(200);
    expect(dampedRise({ rise: 0, intervalMs: 60_000 }, 50)).toBe(5);
    expect(dampedRise({ rise: 2, intervalMs: 600_000 }, 50)).toBe(2);
  });
});
