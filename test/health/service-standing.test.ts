import { describe, expect, it } from 'vitest';
import {
  afterLook,
  isHeld,
  type Member,
  type ServiceRules,
  startingStanding,
} from '../../src/health/service-standing.ts';

const RULES: ServiceRules = {
  quorum: { weight: 1, hysteresis: 0 },
  failOpen: { share: 0.8, windowMs: 7_000, settleMs: 10_000 },
  startsUp: false,
  hasSorry: false,
};

const member = (name: string, verdict: 'up' | 'down', isMeant = false): Member => {
  return { name, verdict, isMeant, isPresumed: false, sinceMs: 100, weight: 1, error: verdict === 'down' ? 'x' : null };
};

const NAMES = ['a', 'b', 'c'];

function looks(...looked: readonly (readonly Member[])[]) {
  let standing = startingStanding(0);
  for (const [index, members] of looked.entries())
    standing = afterLook(standing, RULES, members, 'unknown', 100 * index);
  return standing;
}

describe('a service of which all realservers fail at once', () => {
  const up = NAMES.map((name) => member(name, 'up'));

  it('goes on serving them', () => {
    const standing = looks(up, NAMES.map((name) => member(name, 'down'))); // biome-ignore format: one look beside the other
    expect([NAMES.filter((name) => isHeld(standing, name)), standing.quorum]).toEqual([NAMES, 'up']);
  });

  it('gives them up when that is meant, as by the file of a check', () => {
    const standing = looks(up, NAMES.map((name) => member(name, 'down', true))); // biome-ignore format: one look beside the other
    expect([NAMES.filter((name) => isHeld(standing, name)), standing.quorum]).toEqual([[], 'down']);
  });

  it('gives up those for which it is meant while it goes on for others', () => {
    const down = NAMES.map((name) => member(name, 'down'));
    const standing = looks(up, down, [member('a', 'down', true), ...down.slice(1)]);
    expect(NAMES.filter((name) => isHeld(standing, name))).toEqual(['b', 'c']);
  });
});
