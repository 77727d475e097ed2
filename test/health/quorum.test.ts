import { describe, expect, it } from 'vitest';
import { type Quorum, quorumAfter } from '../../src/health/quorum.ts';

describe('quorum', () => {
  const RULES = { weight: 3, hysteresis: 1 };

  it.each<[alive: number, undecided: number, before: Quorum, after: Quorum]>([
    [4, 0, 'down', 'up'],
    [3, 0, 'down', 'down'],
    [3, 0, 'up', 'up'],
    [2, 0, 'up', 'up'],
    [2, 0, 'down', 'down'],
    [1, 0, 'up', 'down'],
    [0, 0, 'up', 'down'],
    [4, 0, 'unknown', 'up'],
    [3, 0, 'unknown', 'up'],
    [1, 0, 'unknown', 'down'],
    // whoever has not been judged yet loses no quorum, and gains none
    [0, 4, 'unknown', 'unknown'],
    [0, 4, 'up', 'up'],
    [0, 4, 'down', 'down'],
    [3, 1, 'unknown', 'unknown'],
    [1, 1, 'up', 'up'],
    [0, 1, 'up', 'down'],
  ])('with %i alive and %i undecided, %s becomes %s', (alive, undecided, before, after) => {
    expect(quorumAfter(before, { alive, undecided }, RULES)).toBe(after);
  });

  it('is lost with the last realserver, whatever the hysteresis', () => {
    expect(quorumAfter('up', { alive: 0, undecided: 0 }, { weight: 1, hysteresis: 5 })).toBe('down');
  });
});
