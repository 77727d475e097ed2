import { describe, expect, it } from 'vitest';
import { objectionsTo } from '../../src/config/drain-policy.ts';
import type { ServiceConfig } from '../../src/config/service.ts';
import { storedConfig, webTopology } from '../agent/config.ts';

/** web1 of weight 1, web2 of 2, web3 of 3. */
const { services } = storedConfig(webTopology({ ports: [1, 2, 3] })).config;
const web = (change: Partial<ServiceConfig> = {}): ServiceConfig => ({ ...services[0]!, ...change });
const quorum = (weight: number) => ({ quorum: { ...services[0]!.quorum, weight } });
const set = (...names: number[]) => new Set(names.map((name) => `web${name}`));
const ALL = set(1, 2, 3);

describe('the quorum', () => {
  it.each<[string, number, Set<string>, Set<string>, string[]]>([
    ['holds', 5, set(1), ALL, []],
    ['is missed by one', 6, set(1), ALL, ['http would keep weight 5 of 6, and its quorum is 6']],
    ['is of weight, not of heads', 3, set(1, 2), ALL, []],
    ['is lost with the last one', 1, ALL, ALL, ['http would keep weight 0 of 6, and its quorum is 1']],
    ['does not count who serves nobody', 4, set(1), set(1, 2), ['http would keep weight 2 of 3, and its quorum is 4']],
    ['is not lost by one that serves nobody anyway', 4, set(3), set(1, 2), []],
    ['is no matter of realservers of others', 6, new Set(['db1']), ALL, []],
  ])('%s', (_what, weight, leaving, serving, objections) => {
    expect(objectionsTo(web(quorum(weight)), leaving, serving)).toEqual(objections);
  });
});

describe('the scheduler', () => {
  it.each<[Partial<ServiceConfig>, RegExp | null]>([
    [{ scheduler: 'wlc', schedulerFallback: false }, null],
    [{ scheduler: 'sh', schedulerFallback: true }, null],
    [{ scheduler: 'mh', schedulerFallback: true }, null],
    [{ scheduler: 'sh', schedulerFallback: false }, /^http is scheduled by sh without fallback, which refuses/],
    [{ scheduler: 'mh', schedulerFallback: false }, /^http is scheduled by mh without fallback, which refuses/],
    [{ scheduler: 'dh', schedulerFallback: true }, /^http is scheduled by dh, which refuses/],
  ])('%j', (change, objection) => {
    const found = objectionsTo(web(change), set(1), ALL);
    expect(found).toEqual(objection === null ? [] : [expect.stringMatching(objection)]);
  });

  it('objects to one that serves nobody just now, too: it will not when its check passes', () => {
    expect(objectionsTo(web({ scheduler: 'dh' }), set(1), set(2, 3))).toHaveLength(1);
    expect(objectionsTo(web({ scheduler: 'dh' }), new Set(['db1']), ALL)).toEqual([]);
  });
});
