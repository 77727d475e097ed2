import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { rampedWeight, servedMsOf } from '../../src/balancer/slow-start.ts';

const PARAMETERS = { seed: inject('seed'), numRuns: inject('soak') ? 20_000 : 1_000 };
const weights = fc.integer({ min: 0, max: 65_535 });
const times = fc.integer({ min: 1, max: 86_400_000 });

describe('slow start', () => {
  it.each<[servedMs: number, weight: number]>([
    [0, 1],
    [5_999, 1],
    [6_000, 2],
    [15_000, 5],
    [29_999, 9],
    [30_000, 10],
    [Number.POSITIVE_INFINITY, 10],
  ])('after %i ms of 30 s the weight 10 is %i', (servedMs, weight) => {
    expect(rampedWeight(10, servedMs, 30_000)).toBe(weight);
  });

  it('leaves weights 0 and 1, and services without it, as they are', () => {
    expect([rampedWeight(0, 0, 30_000), rampedWeight(1, 0, 30_000), rampedWeight(10, 0, 0)]).toEqual([0, 1, 10]);
  });

  it('only rises, from 1 to the weight', () => {
    fc.assert(
      fc.property(weights, times, fc.array(fc.nat(100_000_000), { maxLength: 20 }), (weight, slowStartMs, moments) => {
        const found = moments.sort((a, b) => a - b).map((servedMs) => rampedWeight(weight, servedMs, slowStartMs));
        for (const [index, one] of found.entries()) {
          expect(one).toBeGreaterThanOrEqual(index === 0 ? Math.min(1, weight) : (found[index - 1] ?? 0));
          expect(one).toBeLessThanOrEqual(weight);
        }
        expect(rampedWeight(weight, slowStartMs, slowStartMs)).toBe(weight);
      }),
      PARAMETERS,
    );
  });

  it('goes on after a restart where the kernel shows it, not ahead of it by more than a rounding', () => {
    fc.assert(
      fc.property(weights, times, fc.nat(100_000_000), (weight, slowStartMs, servedMs) => {
        const found = rampedWeight(weight, servedMs, slowStartMs);
        const readMs = servedMsOf(found, weight, slowStartMs);
        expect(rampedWeight(weight, readMs, slowStartMs)).toBeGreaterThanOrEqual(found);
        if (found < weight) expect(readMs).toBeLessThanOrEqual(servedMs + 1);
      }),
      PARAMETERS,
    );
  });
});
