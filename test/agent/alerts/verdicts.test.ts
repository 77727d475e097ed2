import { describe, expect, it } from 'vitest';
import { judgementsOf, remembered, verdictChanges } from '../../../src/agent/alerts/verdicts.ts';
import type { ProbePlan } from '../../../src/health/probe-plan.ts';
import type { Verdict } from '../../../src/health/verdict.ts';

/** Two realservers of http, the first with two checks. */
const plan = {
  judged: [
    { service: 'http', realserver: 'web1', probes: ['a', 'b'] },
    { service: 'http', realserver: 'web2', probes: ['c'] },
  ],
} as unknown as ProbePlan;

const look = (a: Verdict, b: Verdict, c: Verdict) => {
  const verdicts: Record<string, Verdict> = { a, b, c };
  return judgementsOf(plan, (key) => ({
    verdict: verdicts[key]!,
    lastError: verdicts[key] === 'down' ? `${key} is refused` : null,
    sinceMs: 0,
    against: 0,
    nextMs: 0,
    latencyMs: null,
    falls: 0,
    weight: null,
  }));
};
const between = (before: ReturnType<typeof look>, after: ReturnType<typeof look>) =>
  verdictChanges(before, remembered(before, after)).map(
    ({ realserver, from, to, cause }) => `${realserver ?? 'all'}: ${from} → ${to}, ${cause}`,
  );

describe('from one look at the verdicts to the next', () => {
  it.each<[string, ReturnType<typeof look>, ReturnType<typeof look>, string[]]>([
    ['nothing', look('up', 'up', 'down'), look('up', 'up', 'down'), []],
    ['the first answers', look('unknown', 'up', 'unknown'), look('up', 'up', 'up'), []],
    ['one check fails', look('up', 'up', 'up'), look('up', 'down', 'up'), ['web1: up → down, b is refused']],
    ['the other one too', look('up', 'down', 'up'), look('down', 'down', 'up'), []],
    ['what was changed is not known yet', look('up', 'up', 'down'), look('unknown', 'up', 'unknown'), []],
    [
      'the last one goes',
      look('down', 'up', 'up'),
      look('down', 'up', 'down'),
      ['web2: up → down, c is refused', 'all: up → down, none of its realservers is up'],
    ],
    [
      'one comes back',
      look('down', 'down', 'down'),
      look('up', 'up', 'down'),
      ['web1: down → up, its checks pass', 'all: down → up, 1 of its 2 realservers are up'],
    ],
    [
      'a new one fails at once',
      look('unknown', 'unknown', 'up'),
      look('down', 'unknown', 'up'),
      ['web1: null → down, a is refused'],
    ],
  ])('%s', (_name, before, after, changes) => expect(between(before, after)).toEqual(changes));

  it('a verdict outlives a check that was changed', () => {
    const [up, unknown] = [look('up', 'up', 'up'), look('up', 'up', 'unknown')];
    const kept = remembered(up, unknown);
    expect(verdictChanges(kept, look('up', 'up', 'up'))).toEqual([]);
    expect(verdictChanges(kept, look('up', 'up', 'down')).map(({ from }) => from)).toEqual(['up']);
  });
});
