import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { type FailOpen, failOpenAfter, failOpenRules, NOTHING_FELL, type Seen } from '../../src/health/fail-open.ts';
import { storedConfig, webTopology } from '../agent/config.ts';

const RULES = { share: 0.8, windowMs: 7_000, settleMs: 12_000 };
const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** Verdicts as letters: those in `down` have been so since the look at which they first were. */
class Watched {
  state: FailOpen = NOTHING_FELL;
  readonly #downMs = new Map<string, number>();
  readonly #rules: typeof RULES;
  readonly #names: readonly string[];

  constructor(names = NAMES, rules = RULES) {
    this.#names = names;
    this.#rules = rules;
    this.at(0, '');
  }

  /** @returns who is held, or null */
  at(nowMs: number, down: string): string | null {
    const seen = this.#names.map((name): Seen => {
      if (!down.includes(name)) this.#downMs.delete(name);
      else if (!this.#downMs.has(name)) this.#downMs.set(name, nowMs);
      return { name, verdict: down.includes(name) ? 'down' : 'up', sinceMs: this.#downMs.get(name) ?? 0 };
    });
    this.state = failOpenAfter(this.state, this.#rules, seen, nowMs);
    return this.state.open === null ? null : [...this.state.open.held].sort().join('');
  }
}

describe('fail-open', () => {
  it('begins when the share has failed within the window, and holds all of them', () => {
    const watched = new Watched();
    expect([
      watched.at(100, 'a'),
      watched.at(2_000, 'ab'),
      watched.at(4_000, 'abc'),
      watched.at(5_000, 'abcd'),
    ]).toEqual([...[null, null, null], 'abcd']);
    expect(watched.at(6_000, 'abcde')).toBe('abcde');
  });

  it('does not begin when they fail one after the other', () => {
    const watched = new Watched();
    for (const [index] of NAMES.entries())
      expect(watched.at(8_000 * (index + 1), 'abcde'.slice(0, index + 1))).toBeNull();
  });

  it('counts those that lived: long dead ones neither hinder it nor come back', () => {
    const watched = new Watched();
    watched.at(100, 'abc');
    watched.at(60_000, 'abc');
    expect(watched.at(61_000, 'abcde')).toBe('de');
  });

  it('is not for one realserver alone', () => {
    expect(new Watched(['a']).at(100, 'a')).toBeNull();
    const watched = new Watched(['a', 'b']);
    watched.at(100, 'a');
    expect(watched.at(60_000, 'ab')).toBeNull();
  });

  it('holds nobody who never was up', () => {
    const down = (name: string): Seen => ({ name, verdict: 'down', sinceMs: 0 });
    expect(failOpenAfter(NOTHING_FELL, RULES, NAMES.map(down), 1).open).toBeNull();
  });

  it('ends when all are back', () => {
    const watched = new Watched();
    watched.at(100, 'abcde');
    expect(watched.at(1_000, '')).toBeNull();
  });

  it('ends with those that still fail out, when the others have been back for as long as a recovery takes', () => {
    const watched = new Watched();
    watched.at(100, 'abcde');
    expect(watched.at(30_000, 'abcd')).toBe('abcd');
    expect(watched.at(40_000, 'ab')).toBe('ab');
    expect(watched.at(51_999, 'ab')).toBe('ab');
    expect(watched.at(52_000, 'ab')).toBeNull();
    expect(watched.at(53_000, 'ab')).toBeNull();
  });

  it('goes on when they fail again before that', () => {
    const watched = new Watched();
    watched.at(100, 'abcde');
    watched.at(40_000, 'ab');
    expect(watched.at(45_000, 'abcd')).toBe('abcd');
    expect(watched.at(55_000, 'ab')).toBe('ab');
    expect(watched.at(66_999, 'ab')).toBe('ab');
    expect(watched.at(67_000, 'ab')).toBeNull();
  });

  it('may begin again afterwards', () => {
    const watched = new Watched();
    watched.at(100, 'abcde');
    watched.at(1_000, '');
    expect(watched.at(2_000, 'abcde')).toBe('abcde');
  });

  it('is turned off by a share of 100 %', () => {
    expect(new Watched(NAMES, { ...RULES, share: 1 }).at(100, 'abcde')).toBeNull();
  });

  it('takes its times from the slowest check', () => {
    const { config } = storedConfig(webTopology({ ports: [80, 80] }));
    expect(failOpenRules(config.services[0]!)).toEqual({ share: 0.8, windowMs: 400, settleMs: 350 });
  });

  it('holds only who fails and lived before, and nobody while few fail', () => {
    const look = fc.record({ byMs: fc.integer({ min: 0, max: 9_000 }), down: fc.subarray(NAMES) });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const watched = new Watched();
        const lived = new Set(NAMES);
        let nowMs = 0;
        for (const { byMs, down } of looks) {
          nowMs += byMs;
          const held = watched.at(nowMs, down.join(''));
          for (const name of held ?? '') expect(down.includes(name) && lived.has(name)).toBe(true);
          if (down.length === 0) expect(held).toBeNull();
        }
      }),
      { seed: inject('seed'), numRuns: inject('soak') ? 5_000 : 300 },
    );
  });
});
