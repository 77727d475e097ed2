import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/service.ts';
import { enoughLives, serviceTracker } from '../../src/health/service-tracker.ts';
import type { Verdict } from '../../src/health/verdict.ts';

describe('a service', () => {
  it.each<[string, number, number, number, Verdict]>([
    ['as much as is needed', 3, 0, 3, 'up'],
    ['less, and nothing can come', 2, 0, 3, 'down'],
    ['less, and enough may come', 2, 1, 3, 'unknown'],
    ['less, and not enough may come', 1, 1, 3, 'down'],
    ['nothing', 0, 0, 1, 'down'],
  ])('of which lives %s', (_name, alive, undecided, needed, verdict) => {
    expect(enoughLives({ alive, undecided }, needed)).toBe(verdict);
  });

  it('has no other verdict once all verdicts are in, and more life never makes it worse', () => {
    const weight = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(weight, weight, fc.integer({ min: 1, max: 100 }), (alive, more, needed) => {
        expect(enoughLives({ alive, undecided: 0 }, needed)).not.toBe('unknown');
        if (enoughLives({ alive, undecided: 0 }, needed) === 'up')
          expect(enoughLives({ alive: alive + more, undecided: 0 }, needed)).toBe('up');
      }),
    );
  });
});

describe('the realservers of a service', () => {
  const tracked = (weights: Record<string, number>, verdicts: Record<string, Verdict>, needed = 1): Verdict => {
    const realservers = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
    const service = { realservers, quorum: { weight: needed } } as unknown as ServiceConfig;
    const judged = Object.keys(verdicts).map((realserver) => ({ service: 's', realserver, probes: [realserver] }));
    return serviceTracker(service, judged, ([key = '']) => ({ verdict: verdicts[key] ?? 'unknown' }));
  };

  it.each<[string, Record<string, number>, Record<string, Verdict>, number, Verdict]>([
    ['one is enough unless a quorum says more', { a: 1, b: 1 }, { a: 'up', b: 'down' }, 1, 'up'],
    ['all are down', { a: 1, b: 1 }, { a: 'down', b: 'down' }, 1, 'down'],
    ['weights count, not heads', { a: 2, b: 4 }, { a: 'up', b: 'down' }, 3, 'down'],
    ['weights count, not heads (2)', { a: 2, b: 4 }, { a: 'down', b: 'up' }, 3, 'up'],
    ['one of weight 0 serves nobody', { a: 0, b: 1 }, { a: 'up', b: 'down' }, 1, 'down'],
    ['a verdict is not in', { a: 1, b: 1 }, { a: 'unknown', b: 'down' }, 1, 'unknown'],
    ['one is not among the probes yet', { a: 1, b: 1 }, { b: 'down' }, 1, 'unknown'],
    ['it has none', {}, {}, 1, 'down'],
  ])('%s', (_name, weights, verdicts, needed, verdict) => {
    expect(tracked(weights, verdicts, needed)).toBe(verdict);
  });
});
