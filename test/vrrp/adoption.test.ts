import { describe, expect, it } from 'vitest';
import { foundOf } from '../../src/vrrp/adoption.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { address, configuration, instance, vip } from './configuration.ts';

const NOW = 50_000;
const setup = setupsFor(configuration([instance({ vips: [vip('10.9.0.100'), vip('10.9.0.101')] })]), 'a', [])
  .instances[0] as InstanceSetup;
const there = (text: string, validSeconds: number | null = 5, agoMs = 500, on = 'eth1') => ({
  interface: on,
  address: address(text),
  validSeconds,
  refreshedAtMs: NOW - agoMs,
});
const both = (...rest: [(number | null)?, number?, string?]) => [
  there('10.9.0.100', ...rest),
  there('10.9.0.101', ...rest),
];

describe('what a starting process finds', () => {
  it.each([
    ['nothing', [], 'absent'],
    ['all, renewed lately', both(), 'fresh'],
    ['all, renewed just within three intervals', both(3, 2999), 'fresh'],
    ['all, renewed three intervals ago', both(3, 3000), 'stale'],
    ['all, for ever: a person put them there', both(null), 'stale'],
    ['all, with a lifetime that is not ours', both(3600), 'stale'],
    ['one of two', [there('10.9.0.100')], 'stale'],
    ['all, on another interface', both(5, 500, 'eth2'), 'absent'],
  ] as const)('%s: %s', (_what, kernel, found) => {
    expect(foundOf(setup, kernel, NOW)).toBe(found);
  });
});
