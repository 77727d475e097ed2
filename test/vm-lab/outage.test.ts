import { describe, expect, it } from 'vitest';
import { longestOutage } from '../../vm-lab/load/outage.ts';

describe('the longest outage', () => {
  it('is 0 when every request was answered', () => {
    expect(longestOutage([], 10).ms).toBe(0);
  });

  it('reaches from the last answered beginning before it to the first after it', () => {
    expect(longestOutage([1030, 1010, 1020], 10)).toEqual({ fromMs: 1000, toMs: 1040, ms: 40 });
  });

  it('is the longest of several, which an answer between parts', () => {
    expect(longestOutage([100, 200, 210, 300], 10)).toEqual({ fromMs: 190, toMs: 220, ms: 30 });
  });

  it('takes fractions of a millisecond for what they are', () => {
    expect(longestOutage([100.2, 102.2, 104.2], 2).ms).toBeCloseTo(8);
    expect(longestOutage([100.2, 104.2], 2).ms).toBeCloseTo(4);
  });
});
