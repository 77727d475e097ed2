import { describe, expect, it } from 'vitest';
import { addressLifetimeSeconds, addressRefreshMs, masterDownMs, skewMs } from '../../src/vrrp/intervals.ts';

describe('skew', () => {
  it.each([
    [2, 255, 1000, 1000 / 256],
    [2, 1, 1000, 996.09375],
    [2, 100, 255_000, 609.375], // seconds, whatever the interval (RFC 3768 section 6.1)
    [2, 0, 1000, 1000],
    [3, 100, 1000, 609.375],
    [3, 255, 10, 10 / 256],
    [3, 1, 10, 9.9609375],
    [3, 1, 40_950, 40_790.0390625],
    [3, 254, 100, 0.78125],
  ] as const)('version %i, priority %i, interval %i ms: %f ms', (version, priority, interval, expected) => {
    expect(skewMs(version, priority, interval)).toBe(expected);
  });
});

describe('master down', () => {
  it.each([
    [2, 100, 1000, 3609.375],
    [3, 100, 1000, 3609.375],
    [3, 100, 100, 360.9375],
    [3, 255, 10, 30.0390625],
    [3, 1, 40_950, 163_640.0390625],
    [2, 1, 255_000, 765_996.09375],
  ] as const)('version %i, priority %i, interval %i ms: %f ms', (version, priority, interval, expected) => {
    expect(masterDownMs(version, priority, interval)).toBe(expected);
  });
});

describe('lifetime of a VIP', () => {
  it.each([
    [3609.375, 5],
    [360.9375, 2],
    [30.04, 2],
    [163_640.04, 165],
    [3000, 4],
  ])('master down %f ms: %i s', (down, seconds) => {
    expect(addressLifetimeSeconds(down)).toBe(seconds);
  });

  it('is renewed at least twice before it ends, at every interval', () => {
    for (let interval = 10; interval <= 40_950; interval += 10) {
      const lifetimeMs = addressLifetimeSeconds(masterDownMs(3, 254, interval)) * 1000;
      expect(lifetimeMs).toBeGreaterThan(2 * addressRefreshMs(interval));
    }
  });
});
