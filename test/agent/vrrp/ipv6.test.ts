/** IPv6 virtual routers in the loop, beside what loop.test.ts shows of IPv4. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import { address, configuration, instance, instance6, vip } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

const VIP = 'fd09::100';

function elected(more: Partial<InstanceConfig> = {}): { segment: Segment; a: Host; b: Host } {
  const segment = new Segment();
  const config = configuration([instance6(more)]);
  const a = segment.host('a', '10.9.0.1', config);
  const b = segment.host('b', '10.9.0.2', config);
  segment.clock.advance(5000);
  expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  return { segment, a, b };
}

describe('an IPv6 virtual router', () => {
  it.each([
    ['unicast', 'fd09::1', 'fd09::2'],
    ['multicast', 'fe80::1', 'ff02::12'],
  ] as const)('by %s: speaks from %s to %s', (transport, source, destination) => {
    const { segment, b } = elected({ transport });
    expect(new Set(segment.lan.sent.map((one) => one.destination))).toEqual(new Set([destination]));
    expect(b.says()).toMatchObject({ master: source, dropped: {} });
  });

  it('holds its VIP deprecated, so that it is no source of the host, and renews its lifetime', () => {
    const { segment, a, b } = elected();
    segment.clock.advance(60_000);
    const held = a.kernel.addresses().find((one) => one.address === VIP);
    expect(held).toMatchObject({ prefixLength: 128, preferredSeconds: 0 });
    expect(held?.validSeconds).toBeGreaterThanOrEqual(4);
    expect(b.has(VIP)).toBe(false);
  });

  it('announces by neighbour advertisements to all nodes', () => {
    const { a } = elected();
    const kinds = a.frames.frames.map(({ frame }) => Buffer.from(frame.subarray(0, 14)).toString('hex'));
    expect(kinds).toEqual(Array.from({ length: 5 }, () => '333300000001' + '020000000001' + '86dd'));
  });

  it('is adopted after a restart', () => {
    const { segment, a, b } = elected({ transport: 'multicast' });
    void a.loop.stop(false);
    segment.clock.advance(2500);
    const again = segment.host('a', '10.9.0.1', configuration([instance6({ transport: 'multicast' })]), a.kernel);
    expect(again.says().state).toBe('MASTER');
    segment.clock.advance(10_000);
    expect([again.says().state, b.transitions.length]).toEqual(['MASTER', 1]);
  });

  it('stands beside an IPv4 one with the same VRID on the same interface', () => {
    const segment = new Segment();
    const config = configuration([
      instance({ transport: 'multicast' }),
      instance6({ name: 'six', transport: 'multicast' }),
    ]);
    const a = segment.host('a', '10.9.0.1', config);
    const b = segment.host('b', '10.9.0.2', config);
    segment.clock.advance(5000);
    expect([a.says().state, a.says('six').state]).toEqual(['MASTER', 'MASTER']);
    expect([b.says().dropped, b.says('six').dropped]).toEqual([{}, {}]);
    expect([a.has('10.9.0.100'), a.has(VIP)]).toEqual([true, true]);
  });

  it('puts a link-local VIP on its own interface, and extra VIPs of both families where their networks are', () => {
    const { a } = elected({ vips: [vip('fe80::100'), vip(VIP)], extraVips: [vip('10.9.1.100'), vip('fd19::100')] });
    const where = new Map(a.kernel.addresses().map((one) => [one.address as string, one.ifindex]));
    expect(['fe80::100', VIP, '10.9.1.100', 'fd19::100'].map((one) => where.get(one))).toEqual([2, 2, 3, 3]);
  });
});

describe('the link-local address that multicast is sent from', () => {
  const multicast = configuration([instance6({ transport: 'multicast' })]);
  const remove = (host: Host, text: string): void => {
    host.kernel.remove({ interface: 'eth1', address: address(text), prefixLength: 64 });
  };

  it('that is not there yet is a fault, and is taken up when it appears', () => {
    const segment = new Segment();
    const kernel = segment.kernel('10.9.0.1');
    kernel.remove({ interface: 'eth1', address: address('fe80::1'), prefixLength: 64 });
    const a = segment.host('a', '10.9.0.1', multicast, kernel);
    segment.clock.advance(10_000);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'interface eth1 has no link-local IPv6 address' });
    expect(segment.lan.sent).toEqual([]);
    segment.give(kernel, 'eth1', 'fe80::7', 64);
    expect(a.says().state).toBe('BACKUP');
    segment.clock.advance(5000);
    expect(a.says().state).toBe('MASTER');
    expect(segment.lan.sent.length).toBeGreaterThan(0);
  });

  it('that changes under a MASTER takes it to FAULT and back as BACKUP, where the peer has the VIP by then', () => {
    const { segment, a, b } = elected({ transport: 'multicast' });
    remove(a, 'fe80::1');
    expect([a.says().state, a.has(VIP)]).toEqual(['FAULT', false]);
    segment.clock.advance(1500);
    segment.give(a.kernel, 'eth1', 'fe80::9', 64);
    segment.clock.advance(10_000);
    expect([a.says().state, b.says().state]).toEqual(['BACKUP', 'MASTER']);
    void b.loop.stop(true);
    segment.clock.advance(1000);
    expect([a.says().state, a.has(VIP)]).toEqual(['MASTER', true]);
  });

  it('that goes while there is a second one: the second is spoken from', () => {
    const { segment, a, b } = elected({ transport: 'multicast' });
    segment.give(b.kernel, 'eth1', 'fe80::22', 64);
    remove(b, 'fe80::2');
    expect(b.says().state).toBe('BACKUP');
    void a.loop.stop(true);
    segment.clock.advance(1000);
    expect(b.says()).toMatchObject({ state: 'MASTER' });
  });
});
