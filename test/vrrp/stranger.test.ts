import { describe, expect, it } from 'vitest';
import type { DropReason } from '../../src/vrrp/accept.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { strangerIn } from '../../src/vrrp/stranger.ts';
import type { Advertisement } from '../../src/wire/vrrp.ts';
import { address, configuration, instance, instance6, instanceSetup } from './configuration.ts';

const setup = (more: Partial<InstanceSetup> = {}): InstanceSetup =>
  instanceSetup({ neighbours: [address('10.9.0.1')], ...more });
const advertisement = (more: Partial<Advertisement> = {}): Advertisement => ({
  version: 3,
  vrid: 51,
  priority: 150,
  addresses: [address('10.9.0.100')],
  advertIntervalMs: 1000,
  authentication: null,
  ...more,
});
const said = (source: string, more: Partial<Advertisement> = {}, reason: DropReason | null = null, one = setup()) =>
  strangerIn(address(source), advertisement(more), reason, one);

describe('a stranger', () => {
  it('is whoever speaks for our VRID and is neither a director nor a peer, even if it says what we would say', () => {
    expect(said('10.9.0.99')).toEqual({
      source: '10.9.0.99',
      isKnown: false,
      version: 3,
      priority: 150,
      addresses: ['10.9.0.100'],
    });
  });

  it.each<DropReason>(['transport', 'unknown-source', 'version-mismatch', 'password', 'interval-mismatch'])(
    'is known although its packet is dropped: %s',
    (reason) => {
      expect(said('10.9.0.99', {}, reason)?.source).toBe('10.9.0.99');
    },
  );

  it.each<DropReason>(['ttl', 'own-source'])('is nobody whose packet does not come from this link: %s', (reason) => {
    expect(said('10.9.0.99', {}, reason)).toBeUndefined();
  });

  it('is a director or peer that says something else', () => {
    expect(said('10.9.0.1')).toBeUndefined();
    expect(said('10.9.0.1', { version: 2 }, 'version-mismatch')).toMatchObject({ isKnown: true, version: 2 });
    expect(said('10.9.0.1', { addresses: [address('10.9.0.101')] })).toMatchObject({ isKnown: true });
  });

  it('is none that only orders its addresses otherwise, or has no password or interval of ours', () => {
    const [one, other] = [address('10.9.0.100'), address('10.9.0.101')];
    const two = setup({ advertised: [one, other] });
    expect(said('10.9.0.1', { addresses: [other, one] }, null, two)).toBeUndefined();
    expect(said('10.9.0.1', { advertIntervalMs: 2000 }, 'interval-mismatch')).toBeUndefined();
  });
});

describe('who is known', () => {
  const host = [{ interface: 'eth1', address: address('10.9.0.1'), prefixLength: 24 }];
  const dips = [
    { interface: 'eth1', address: address('10.9.0.2') },
    { interface: 'eth2', address: address('10.9.1.2') },
  ];
  const directors = [
    { name: 'a', dips: [], vips: [], ssh: {}, sysctl: {} },
    { name: 'b', dips, vips: [], ssh: {}, sysctl: {} },
  ];

  it('are the other directors, by every address of theirs, and the peers', () => {
    const config = configuration([instance({ foreignPeers: [address('10.9.0.7')] })], { directors });
    const [one] = setupsFor(config, 'a', host).instances;
    expect(one).toMatchObject({ neighbours: ['10.9.0.2', '10.9.0.7', '10.9.1.2'], unnamed: 0 });
  });

  it('is any link-local address where a director speaks from one that only it knows', () => {
    const config = configuration([instance6({ transport: 'multicast' })], { directors });
    const [one] = setupsFor(config, 'a', host).instances;
    expect(one).toMatchObject({ neighbours: ['10.9.0.2', '10.9.1.2'], unnamed: 1 });
    const same = { addresses: [address('fd09::100')] };
    expect(said('fe80::99', same, null, one)).toBeUndefined();
    expect(said('fd09::99', same, null, one)?.isKnown).toBe(false);
  });
});
