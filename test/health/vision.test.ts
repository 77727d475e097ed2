import { expect, it } from 'vitest';
import { NOTHING_FELL } from '../../src/health/fail-open.ts';
import { startingStanding } from '../../src/health/service-standing.ts';
import { type Vision, visionOf } from '../../src/health/vision.ts';

const rules = { failOpen: { share: 0.8, windowMs: 7_000, settleMs: 10_000 } };
const open = { sinceMs: 1_000, held: new Set(['a']), calmMs: null };

it.each<[string, Vision, 'up' | 'down' | 'unknown', string, typeof open | null, number]>([
  ['half of it lives', 'well', 'up', 'ab', null, 0],
  ['less than half of it lives', 'poor', 'up', 'a', null, 0],
  ['it has no quorum', 'poor', 'down', 'abc', null, 0],
  ['nothing is known yet', 'poor', 'unknown', '', null, 0],
  ['it has just begun to fail', 'poor', 'up', '', open, 10_999],
  ['it fails, and others would have found it, too', 'failing', 'up', '', open, 11_000],
])('%s: %s', (_what, expected, quorum, up, failing, nowMs) => {
  const failOpen = { ...NOTHING_FELL, up: new Set(up), open: failing };
  expect(visionOf({ ...startingStanding(0), quorum, failOpen }, rules, 4, nowMs)).toBe(expected);
});
