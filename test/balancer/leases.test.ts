import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Leases, leased } from '../../src/balancer/leases.ts';

const numbers = (leases: Leases) =>
  Object.fromEntries(Object.entries(leases).map(([name, { number }]) => [name, number]));

describe('leases', () => {
  it('give a name the same number again, from whatever came before', () => {
    const first = leased({}, ['a', 'b', 'c'], 1_000, 1);
    const without = leased(first, ['b'], 1_000, 2);
    expect(numbers(leased(without, ['c', 'a'], 1_000, 3))).toEqual(numbers(first));
    expect(leased({}, ['b'], 1_000, 9)['b']?.number).toBe(first['b']?.number);
  });

  it('give away what was unwanted longest, and only when nothing else is free', () => {
    const full = leased(leased(leased({}, ['a', 'b', 'c'], 3, 1), ['b', 'c'], 3, 2), ['c'], 3, 3);
    const next = leased(full, ['c', 'd'], 3, 4);
    expect(next['d']?.number).toBe(full['a']?.number);
    expect(next['a']).toBeUndefined();
    expect(next['b']).toEqual({ number: full['b']?.number, unwantedSince: 3 });
    const last = leased(next, ['c', 'd', 'e', 'f'], 3, 5);
    expect([last['e']?.number, last['f']]).toEqual([full['b']?.number, undefined]);
  });

  it('forget what lies beyond a smaller range', () => {
    const before = leased({}, ['a', 'b', 'c', 'd'], 1_000, 1);
    for (const { number } of Object.values(leased(before, ['a', 'b'], 2, 2))) expect(number).toBeLessThan(2);
  });

  it('never give one number to two, and keep the number of whoever is wanted throughout', () => {
    const wishes = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 6 }), { maxLength: 12 });
    fc.assert(
      fc.property(wishes, fc.integer({ min: 6, max: 12 }), (turns, count) => {
        let leases: Leases = {};
        for (const [wallMs, wanted] of turns.entries()) {
          const next = leased(leases, wanted, count, wallMs);
          const used = Object.values(next).map(({ number }) => number);
          expect(new Set(used).size).toBe(used.length);
          for (const name of wanted) {
            expect(next[name]?.unwantedSince).toBeNull();
            if (leases[name] !== undefined) expect(next[name]?.number).toBe(leases[name].number);
          }
          leases = next;
        }
      }),
    );
  });
});
