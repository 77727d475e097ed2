import { expect, it } from 'vitest';
import { Strangers } from '../../../src/agent/vrrp/strangers.ts';
import type { Stranger } from '../../../src/vrrp/stranger.ts';
import { address } from '../../vrrp/configuration.ts';

const stranger = (more: Partial<Stranger> = {}): Stranger => ({
  source: address('10.9.0.99'),
  isKnown: false,
  version: 3,
  priority: 200,
  addresses: [address('10.9.0.200')],
  ...more,
});

it('are told from their first packet on, until a minute after the last', () => {
  const strangers = new Strangers();
  strangers.take('public', stranger(), 1000);
  strangers.take('public', stranger({ priority: 90 }), 2000);
  expect(strangers.of('public', 61_999)).toEqual([{ ...stranger({ priority: 90 }), sinceMs: 1000, atMs: 2000 }]);
  expect([strangers.of('public', 62_000), strangers.of('inside', 2000)]).toEqual([[], []]);
});

it('that came back after that are new', () => {
  const strangers = new Strangers();
  strangers.take('public', stranger(), 0);
  strangers.take('public', stranger(), 70_000);
  expect(strangers.of('public', 70_000)[0]?.sinceMs).toBe(70_000);
});

it('are of us: told when they say something else for a minute, as while a configuration goes round', () => {
  const strangers = new Strangers();
  for (let nowMs = 0; nowMs < 60_000; nowMs += 1000) {
    strangers.take('public', stranger({ isKnown: true }), nowMs);
    expect(strangers.of('public', nowMs)).toEqual([]);
  }
  expect(strangers.of('public', 60_000)).toHaveLength(1);
});

it('are eight at the most, the last ones', () => {
  const strangers = new Strangers();
  for (let last = 1; last <= 200; last++)
    strangers.take('public', stranger({ source: address(`10.9.0.${last}`) }), last);
  expect(strangers.of('public', 200).map(({ source }) => source)).toEqual(
    Array.from({ length: 8 }, (_, index) => `10.9.0.${193 + index}`),
  );
});

it('of an instance that has gone are forgotten', () => {
  const strangers = new Strangers();
  strangers.take('public', stranger(), 0);
  strangers.keep(new Set(['inside']));
  expect(strangers.of('public', 0)).toEqual([]);
});
