/** What directors know of drains, told to each other in any order: they come to the same, and the newest word counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Override } from '../../src/balancer/override.ts';
import { merged, REMEMBERED_MS, removalsOf, renewed, type Said, saidText } from '../../src/balancer/said.ts';

const NOTHING: Said = { overrides: [], removals: [] };
const NOW = 1_000;
const drain = (since: number, change: Partial<Override> = {}): Override => ({
  realserver: 'web1',
  service: null,
  weight: 0,
  owner: 'ann',
  reason: null,
  since,
  until: null,
  ...change,
});
const of = (...overrides: Override[]): Said => ({ overrides, removals: [] });
const gone = (since: number): Said => ({ overrides: [], removals: [{ realserver: 'web1', service: null, since }] });
const weights = ({ overrides }: Said): string =>
  overrides.map(({ realserver, service, weight }) => `${realserver}/${service}=${weight}`).join(' ');

describe('of what was said of a realserver and service', () => {
  it('the newest counts, each for itself', () => {
    const left = of(drain(1), drain(5, { realserver: 'web2' }));
    const right = of(
      drain(2, { weight: 7 }),
      drain(4, { realserver: 'web2', weight: 3 }),
      drain(1, { service: 'http' }),
    );
    expect(weights(merged(left, right, NOW))).toBe('web1/null=7 web2/null=0 web1/http=0');
  });

  it('a removal counts like a word of its time, and before one of the same moment', () => {
    expect(weights(merged(of(drain(1)), gone(2), NOW))).toBe('');
    expect(weights(merged(gone(2), of(drain(3)), NOW))).toBe('web1/null=0');
    expect(weights(merged(of(drain(2)), gone(2), NOW))).toBe('');
  });

  it('what has run out is as good as taken back, and does not let an older word come up again', () => {
    const both = merged(of(drain(1)), of(drain(5, { until: NOW })), NOW);
    expect(both).toEqual({ overrides: [], removals: [{ realserver: 'web1', service: null, since: 5 }] });
    expect(weights(merged(both, of(drain(1)), NOW))).toBe('');
  });

  it('a removal is remembered for 30 days', () => {
    const old = gone(NOW - REMEMBERED_MS + 1);
    expect(merged(old, NOTHING, NOW)).toEqual(old);
    expect(merged(old, NOTHING, NOW + 1)).toEqual(NOTHING);
  });

  it('what is said now is newer than what was known, whatever the clocks say', () => {
    const ahead = of(drain(500));
    expect(removalsOf(ahead.overrides, 100)).toEqual([{ realserver: 'web1', service: null, since: 501 }]);
    expect(renewed([drain(100)], gone(501))).toEqual([drain(502)]);
    expect(renewed([drain(600)], gone(501))).toEqual([drain(600)]);
  });
});

const word = fc.record({
  realserver: fc.constantFrom('web1', 'web2'),
  service: fc.constantFrom(null, 'http'),
  since: fc.nat(6),
  weight: fc.nat(1),
  isRemoval: fc.boolean(),
  until: fc.option(fc.integer({ min: NOW - 1, max: NOW + 1 })),
});
const said = fc.array(word, { maxLength: 8 }).map((words) =>
  merged(
    {
      overrides: words.filter((one) => !one.isRemoval).map(({ isRemoval: _, ...one }) => drain(one.since, one)),
      removals: words
        .filter((one) => one.isRemoval)
        .map(({ realserver, service, since }) => ({ realserver, service, since })),
    },
    NOTHING,
    NOW,
  ),
);
const text = (one: Said): string => saidText(one, NOW);

describe('directors that tell each other all they know', () => {
  it('know the same afterwards, in whatever order and however often they are told', () => {
    fc.assert(
      fc.property(said, said, said, (a, b, c) => {
        const one = merged(merged(a, b, NOW), c, NOW);
        const other = merged(merged(c, a, NOW), merged(b, c, NOW), NOW);
        expect(text(one)).toBe(text(other));
        expect(text(merged(one, other, NOW))).toBe(text(one));
      }),
      { numRuns: 2_000 },
    );
  });

  it('lose nothing by telling it in pieces', () => {
    fc.assert(
      fc.property(said, said, (a, b) => {
        const pieces = [
          ...b.overrides.map((one): Said => of(one)),
          ...b.removals.map((one): Said => ({ overrides: [], removals: [one] })),
        ];
        const last = pieces.reduce((known, piece) => merged(known, piece, NOW), a);
        expect(text(last)).toBe(text(merged(a, b, NOW)));
      }),
      { numRuns: 2_000 },
    );
  });
});
