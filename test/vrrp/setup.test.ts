import { describe, expect, it } from 'vitest';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { address, configuration, instance, instance6, vip } from './configuration.ts';

const HOST = [
  { interface: 'eth1', address: address('10.9.0.1'), prefixLength: 24 },
  { interface: 'eth2', address: address('10.9.1.1'), prefixLength: 24 },
  { interface: 'eth3', address: address('10.0.0.1'), prefixLength: 8 },
];

describe('the setups of one director', () => {
  it('are none for a director that takes no part', () => {
    expect(setupsFor(configuration([instance()]), 'c', HOST)).toEqual({ instances: [], held: [] });
  });

  it('have the own speaker, and the others and foreign ones as peers', () => {
    const [setup] = setupsFor(configuration([instance({ foreignPeers: [address('10.9.0.9')] })]), 'b', HOST).instances;
    expect(setup).toMatchObject({
      source: '10.9.0.2',
      interface: 'eth1',
      basePriority: 100,
      peers: ['10.9.0.1', '10.9.0.9'],
      advertised: ['10.9.0.100'],
      syncGroup: null,
      password: null,
    });
  });

  it('move the extra VIPs and do not advertise them', () => {
    const config = configuration([instance({ extraVips: [vip('192.0.2.9', { interface: 'lo', scope: 'host' })] })]);
    const [setup] = setupsFor(config, 'a', HOST).instances;
    expect(setup?.advertised).toEqual(['10.9.0.100']);
    expect(setup?.addresses.map((one) => `${one.address} ${one.interface} ${one.scope}`)).toEqual([
      '10.9.0.100 eth1 global',
      '192.0.2.9 lo host',
    ]);
  });

  it.each([
    ['10.9.1.77', 'eth2', 'the network that contains it'],
    ['10.1.2.3', 'eth3', 'the only one, however wide'],
    ['10.9.0.77', 'eth1', 'the narrowest of two'],
    ['192.0.2.1', 'eth1', 'none: the interface of the instance'],
  ])('put %s on %s: %s', (text, on) => {
    const [setup] = setupsFor(configuration([instance({ vips: [vip(text)] })]), 'a', HOST).instances;
    expect(setup?.addresses[0]?.interface).toBe(on);
  });

  it('speak from the link-local address of the interface for IPv6 over multicast, but never from a VIP', () => {
    const config = configuration([instance6({ transport: 'multicast', vips: [vip('fe80::100'), vip('fd09::100')] })]);
    const on = (name: string, text: string) => ({ interface: name, address: address(text), prefixLength: 64 });
    const setupOf = (...more: ReturnType<typeof on>[]) => setupsFor(config, 'a', [...HOST, ...more]).instances[0];
    expect(setupOf(on('eth2', 'fe80::2'), on('eth1', 'fd09::1'), on('eth1', 'fe80::100'))?.source).toBeNull();
    const found = setupOf(on('eth2', 'fe80::2'), on('eth1', 'fe80::100'), on('eth1', 'fe80::1'), on('eth1', 'fe80::3'));
    expect(found).toMatchObject({ source: 'fe80::1', peers: [], group: 'ff02::12' });
    expect(found?.addresses.map((one) => `${one.address}/${one.prefixLength} ${one.interface}`)).toEqual([
      'fe80::100/128 eth1',
      'fd09::100/128 eth1',
    ]);
  });

  it('never take a VIP that is already there for a network of the host', () => {
    const wide = { interface: 'eth2', address: address('10.9.5.100'), prefixLength: 24 };
    const vips = [vip('10.9.5.100', { prefixLength: 24 }), vip('10.9.5.101')];
    const [setup] = setupsFor(configuration([instance({ vips })]), 'a', [...HOST.slice(0, 2), wide]).instances;
    expect(setup?.addresses.map((one) => one.interface)).toEqual(['eth1', 'eth1']);
  });

  it('with a virtual MAC are on an interface of their own, but for addresses that belong elsewhere', () => {
    const virtualMac = { enabled: true, transmitFrom: 'virtual' } as const;
    const vips = [vip('10.9.0.100'), vip('192.0.2.1', { interface: 'eth1' }), vip('192.0.2.2', { interface: 'lo' })];
    const [setup] = setupsFor(configuration([instance({ virtualMac, vips })]), 'a', HOST).instances;
    expect(setup?.virtualMac).toEqual({ interface: 'vrrp.51', mac: '00:00:5e:00:01:33', transmitFrom: 'virtual' });
    expect(setup?.interface).toBe('eth1');
    expect(setup?.addresses.map((one) => one.interface)).toEqual(['vrrp.51', 'vrrp.51', 'lo']);
  });

  it('track what the configuration tracks: reversed scripts turned round, a state to start from, files by path', () => {
    const script = { name: 'x', run: ['/bin/true'], intervalMs: 1000, timeoutMs: 1000, weight: 0, reverse: true, rise: 1, fall: 1, user: 'nobody', start: 'unknown' as const }; // biome-ignore format: short
    const scripts = [script, { ...script, name: 'y', reverse: false, start: 'down' as const }];
    const track = {
      interfaces: [{ name: 'eth2', weight: -20 }],
      scripts: scripts.map(({ name }) => ({ name, weight: 5 })),
      services: [{ name: 'http', weight: 0 }],
      files: [{ path: '/run/hold', weight: -60 }],
    };
    const [setup] = setupsFor(configuration([instance({ track })], { scripts }), 'a', HOST).instances;
    expect(setup?.track).toEqual({
      interfaces: [{ name: 'eth2', weight: -20, reverse: false }],
      scripts: [
        { name: 'x', weight: 5, reverse: true },
        { name: 'y', weight: 5, reverse: false, start: 'down' },
      ],
      services: [{ name: 'http', weight: 0, reverse: false }],
      files: [{ name: '/run/hold', weight: -60, reverse: false }],
    });
  });

  it('of a sync group have the weights of all its members, and pre-empt together', () => {
    const track = { interfaces: [], scripts: [{ name: 'x', weight: -30 }], services: [], files: [] };
    const inside = instance({ name: 'inside', vrid: 52, vips: [vip('10.9.1.100')] });
    const group = { name: 'g', members: ['public', 'inside'], notify: inside.notify, alert: false };
    const config = configuration([instance({ track, preempt: true, preemptDelayMs: 5000 }), inside], {
      syncGroups: [group],
    });
    for (const setup of setupsFor(config, 'a', HOST).instances)
      expect(setup).toMatchObject({
        preempt: true,
        preemptDelayMs: 5000,
        track: { scripts: [{ name: 'x', weight: -30, reverse: false }] },
      });
  });

  it('wait for verdicts only where there are services', () => {
    const bare = setupsFor(configuration([instance()]), 'a', HOST).instances[0];
    expect(bare?.startAfter.verdicts).toBe(false);
    const service = setupsFor(configuration([instance()], { services: [{} as never] }), 'a', HOST).instances[0];
    expect(service?.startAfter.verdicts).toBe(true);
  });
});
