import { expect, it } from 'vitest';
import { afterRun } from '../../src/health/tracker.ts';
import type { Verdict } from '../../src/health/verdict.ts';

it.each<[Verdict, string, string]>([
  ['unknown', '+', 'u'],
  ['unknown', '-', 'd'],
  ['up', '---', 'uud'],
  ['up', '--+--', 'uuuuu'],
  ['down', '++', 'du'],
  ['down', '+-++', 'dddu'],
])('from %s the runs %s give %s (rise 2, fall 3)', (state, runs, states) => {
  let standing = { state, against: 0, isSettled: state !== 'unknown' };
  const seen = [...runs].map((sign) => {
    standing = afterRun(standing, { rise: 2, fall: 3 }, sign === '+');
    return standing.state[0];
  });
  expect(seen.join('')).toBe(states);
});
