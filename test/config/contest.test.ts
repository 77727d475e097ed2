/** The simulation against trying out every combination, with the rule that the VRRP process itself lives by. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bonusOf, companyThatTurns, duelOf, isLevelled, type Runner } from '../../src/config/contradictions/contest.ts';
import { effectivePriority } from '../../src/config/priority.ts';

interface Tracker {
  readonly weight: number;
}

/** Whether some rival, of whom nothing fails, is above the keeper in every instance, when `failing` do on the keeper. */
function isBeaten(keeper: Runner, rivals: readonly Runner[], all: readonly Tracker[], failing: ReadonlySet<Tracker>) {
  return rivals.some((rival) =>
    keeper.bases.every((base, member) => {
      const mine = effectivePriority(
        base,
        all.map((one) => ({ weight: one.weight, isDown: failing.has(one) })),
      );
      const theirs = effectivePriority(
        rival.bases[member] ?? 0,
        all.map(({ weight }) => ({ weight, isDown: false })),
      );
      return theirs > mine;
    }),
  );
}

function subsets<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_item, index) => (bits >> index) & 1));
}

const weight = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: -40, max: -1 }),
  fc.integer({ min: -253, max: 253 }).filter((one) => one !== 0),
);
const contest = fc
  .record({
    weights: fc.array(weight, { minLength: 1, maxLength: 6 }),
    /** The keeper's priorities, and how much less each rival has. */
    bases: fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 2 }),
    less: fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 2 }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ weights, bases, less }) => ({
    trackers: weights.map((one): Tracker => ({ weight: one })),
    keeper: { director: 'keeper', bases },
    rivals: less.map((of, index) => ({
      director: `rival${index}`,
      bases: bases.map((base, member) => Math.max(1, base - (of[member] ?? 0))),
    })),
  }));

describe('a contest', () => {
  it('is decided by a tracker exactly where some combination shows it', () => {
    fc.assert(
      fc.property(contest, ({ trackers, keeper, rivals }) => {
        const duel = duelOf(keeper, rivals, bonusOf(trackers))!;
        fc.pre(!isLevelled(duel, trackers));
        for (const one of trackers) {
          const others = trackers.filter((other) => other !== one);
          const turns = (set: readonly Tracker[]): boolean =>
            !isBeaten(keeper, rivals, trackers, new Set(set)) &&
            isBeaten(keeper, rivals, trackers, new Set([...set, one]));
          const company = companyThatTurns(one, others, duel.gap);
          expect(company !== undefined).toBe(subsets(others).some(turns));
          if (company !== undefined) expect(turns(company)).toBe(true);
        }
      }),
    );
  });

  it('keeps the order with all well, unless it is levelled', () => {
    fc.assert(
      fc.property(contest, ({ trackers, keeper, rivals }) => {
        const duel = duelOf(keeper, rivals, bonusOf(trackers))!;
        const none = new Set<Tracker>();
        expect(isBeaten(keeper, rivals, trackers, none)).toBe(false);
        const all = trackers.map((one) => ({ weight: one.weight, isDown: false }));
        const [mine, theirs] = [keeper, duel.rival].map(({ bases }) => effectivePriority(bases[duel.member] ?? 0, all));
        const isEqual = mine === theirs && keeper.bases[duel.member] !== duel.rival.bases[duel.member];
        if (isEqual) expect(isLevelled(duel, trackers)).toBe(true);
      }),
    );
  });

  it('is levelled too where the rival comes to the upper end exactly and the keeper is cut off there', () => {
    const trackers = [40, 37, 68, 108].map((one): Tracker => ({ weight: one }));
    const duel = duelOf({ director: 'keeper', bases: [2] }, [{ director: 'rival', bases: [1] }], bonusOf(trackers))!;
    expect(isLevelled(duel, trackers)).toBe(true);
  });

  it('of hundreds of trackers takes no time worth speaking of', () => {
    const trackers = Array.from({ length: 400 }, (_, index): Tracker => ({ weight: -1 - (index % 7) }));
    const bases = [254];
    const duel = duelOf({ director: 'a', bases }, [{ director: 'b', bases: [1 + 1] }], 0)!;
    const company = companyThatTurns(trackers[0]!, trackers.slice(1), duel.gap);
    expect(company?.reduce((sum, one) => sum - one.weight, 0)).toBe(duel.gap);
  });
});
