/** Instances with a virtual MAC: when their interface is there, when it is up, and whose it is. */
import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import type { Link } from '../../../src/kernel/addresses.ts';
import { FakeMacvlans } from '../../../src/kernel/fake-macvlans.ts';
import { configuration, instance, vip } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

const VIP = '10.9.0.100';
const MAC = '00:00:5e:00:01:33';
const virtualMac = { enabled: true, transmitFrom: 'virtual' } as const;

/** Word of what changes comes later, as in the kernel, and not while it is being changed. */
class LateSegment extends Segment {
  override host(...[name, own, config, kernel, around = same]: Parameters<Segment['host']>): Host {
    const afterInput = (fn: () => void) => void this.clock.setTimer(this.clock.now(), fn);
    return super.host(name, own, config, kernel, (machinery) => around({ ...machinery, afterInput }));
  }

  /** Everybody has had word. */
  settle(): void {
    this.clock.advance(1);
  }
}

const same: NonNullable<Parameters<Segment['host']>[4]> = (machinery) => machinery;

function elected(more: Partial<InstanceConfig> = {}): { segment: LateSegment; a: Host; b: Host } {
  const segment = new LateSegment();
  const config = configuration([instance({ virtualMac, ...more })]);
  const a = segment.host('a', '10.9.0.1', config);
  const b = segment.host('b', '10.9.0.2', config);
  for (const { frames } of [a, b])
    for (const number of [51, 52]) frames.macs.set(`vrrp.${number}`, Uint8Array.from([0, 0, 94, 0, 1, number]));
  segment.clock.advance(5000);
  expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  return { segment, a, b };
}

const linkOf = ({ kernel }: Host, name = 'vrrp.51'): Link | undefined =>
  kernel.links().find((one) => one.name === name);
const where = ({ kernel }: Host, address = VIP): string | undefined => {
  const found = kernel.addresses().find((one) => one.address === address);
  return kernel.links().find(({ index }) => index === found?.ifindex)?.name;
};

describe('the interface of a virtual MAC', () => {
  it('is there on both directors, and up on the MASTER alone', () => {
    const { segment, a, b } = elected();
    expect(linkOf(a)).toMatchObject({ mac: MAC, up: true, macvlan: { baseIndex: 2, isVepa: true } });
    expect(linkOf(a)?.alias).toBe('lvs-agent: virtual router 51 (IPv4) on eth1');
    expect(linkOf(b)).toMatchObject({ mac: MAC, up: false });
    segment.settle();
    expect([where(a), b.has(VIP)]).toEqual(['vrrp.51', false]);
    expect(a.says().virtualMac).toEqual({ interface: 'vrrp.51', mac: MAC });
    // neighbours are asked before it is up, and told when it is
    expect([...new Set(a.frames.frames.map((one) => one.interface))]).toEqual(['eth1', 'vrrp.51']);
    expect(a.frames.frames.filter((one) => one.interface === 'vrrp.51').length).toBe(5);
    a.loop.take({ type: 'yield', instance: 'public' });
    segment.clock.advance(1000);
    expect([linkOf(a)?.up, linkOf(b)?.up, where(b)]).toEqual([false, true, 'vrrp.51']);
  });

  it('is adopted by the next process as it is, and never set down meanwhile', () => {
    const { segment, a } = elected();
    const [index, seen] = [linkOf(a)?.index, [] as boolean[]];
    a.kernel.watch({ onLink: ({ up }, change) => seen.push(up && change === 'new'), onAddress: () => {}, onLost: () => {} }); // biome-ignore format: short
    void a.loop.stop(false);
    const next = segment.host('a', '10.9.0.1', configuration([instance({ virtualMac })]), a.kernel);
    expect(next.says()).toMatchObject({ state: 'MASTER', cause: expect.stringContaining('adopted') });
    expect([linkOf(next)?.index, linkOf(next)?.up, seen]).toEqual([index, true, []]);
  });

  it('that its instance does not hold addresses on is set down when a process starts', () => {
    const { segment, a, b } = elected();
    void a.loop.stop(false);
    a.kernel.remove({ interface: 'vrrp.51', address: VIP as never, prefixLength: 32 });
    segment.clock.advance(10_000);
    expect(b.says().state).toBe('MASTER');
    expect(linkOf(a)?.up).toBe(true);
    const next = segment.host('a', '10.9.0.1', configuration([instance({ virtualMac })]), a.kernel);
    expect([next.says().state, linkOf(next)?.up]).toEqual(['BACKUP', false]);
  });

  it('goes with a stop that releases, with its instance, and with the wish', () => {
    const stopped = elected();
    void stopped.a.loop.stop(true);
    stopped.segment.clock.advance(2000); // until its successor speaks
    expect([linkOf(stopped.a), stopped.a.has(VIP)]).toEqual([undefined, false]);
    const { a, b } = elected();
    b.loop.configure(configuration([]), 'b');
    expect(linkOf(b)).toBeUndefined();
    a.loop.configure(configuration([instance()]), 'a');
    expect([linkOf(a), where(a), a.says().state]).toEqual([undefined, 'eth1', 'MASTER']);
    a.loop.configure(configuration([instance({ virtualMac })]), 'a');
    expect([linkOf(a)?.up, where(a), a.says().state]).toEqual([true, 'vrrp.51', 'MASTER']);
  });

  it('comes back with its addresses when someone deletes it, sets it down, or changes it', () => {
    const { segment, a } = elected();
    const announced = a.frames.frames.length;
    a.kernel.deleteLink('vrrp.51');
    segment.settle();
    expect([linkOf(a)?.up, where(a)]).toEqual([true, 'vrrp.51']);
    expect(a.frames.frames.length).toBeGreaterThan(announced);
    a.kernel.setLink({ ...linkOf(a)!, up: false });
    segment.settle();
    expect(linkOf(a)?.up).toBe(true);
    a.kernel.setLink({ ...linkOf(a)!, mac: '02:00:00:00:00:99' });
    segment.settle();
    expect([linkOf(a)?.mac, linkOf(a)?.up, where(a)]).toEqual([MAC, true, 'vrrp.51']);
    expect(a.says().transitions).toBe(2);
  });

  it('goes with what it lies on, and comes back with it', () => {
    const { segment, a } = elected();
    a.kernel.deleteLink('eth1');
    segment.settle();
    expect(linkOf(a)).toBeUndefined();
    expect(a.says()).toMatchObject({ state: 'FAULT' });
    a.kernel.setLink({ index: 9, name: 'eth1' });
    segment.give(a.kernel, 'eth1', '10.9.0.1', 24);
    segment.clock.advance(1000);
    expect(linkOf(a)?.macvlan?.baseIndex).toBe(9);
    expect(a.says().state).toBe('BACKUP');
  });

  it('may lie on a macvlan: the kernel puts it beside that', () => {
    const segment = new LateSegment();
    const kernel = segment.kernel('10.9.0.1');
    kernel.setLink({ index: 2, name: 'eth1', macvlan: { baseIndex: 77, isVepa: false } });
    const macvlans = new FakeMacvlans(kernel);
    const add: FakeMacvlans['add'] = (one) => {
      const error = FakeMacvlans.prototype.add.call(macvlans, one);
      const made = kernel.links().find(({ name }) => name === one.name);
      if (made) kernel.setLink({ ...made, macvlan: { baseIndex: 77, isVepa: true } });
      return error;
    };
    const config = configuration([instance({ virtualMac })]);
    const around = { add, setUp: macvlans.setUp.bind(macvlans), remove: macvlans.remove.bind(macvlans), close: () => {} }; // biome-ignore format: short
    const a = segment.host('a', '10.9.0.1', config, kernel, (machinery) => ({ ...machinery, macvlans: around }));
    segment.clock.advance(5000);
    expect([a.says().state, linkOf(a)?.index]).toEqual(['MASTER', 101]);
  });
});

describe('what is not ours', () => {
  it.each<[string, Partial<Link> & { name: string }, string]>([
    ['the name', { name: 'vrrp.51' }, "interface vrrp.51 is there and is not lvs-agent's own"],
    [
      'the MAC',
      { name: 'vrrp4-2-1', mac: MAC, macvlan: { baseIndex: 2, isVepa: false } },
      `interface vrrp4-2-1 has the virtual MAC ${MAC} already`,
    ],
  ])('has %s: a fault until it is gone, and it is left alone', (_what, link, cause) => {
    const segment = new LateSegment();
    const kernel = segment.kernel('10.9.0.1');
    kernel.setLink({ index: 50, alias: 'mine', ...link });
    const a = segment.host('a', '10.9.0.1', configuration([instance({ virtualMac })]), kernel);
    segment.clock.advance(10_000);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause });
    expect(a.lines.filter((line) => line.startsWith('error')).length).toBe(1);
    void a.loop.stop(true);
    expect(kernel.links().find(({ index }) => index === 50)).toMatchObject({ alias: 'mine', up: true });
    const next = segment.host('a', '10.9.0.1', configuration([instance({ virtualMac })]), kernel);
    kernel.deleteLink(link.name);
    segment.clock.advance(10_000);
    expect([next.says().state, where(next)]).toEqual(['MASTER', 'vrrp.51']);
  });

  it('has the MAC where ours is up, or is down itself: no fault', () => {
    const { segment, a, b } = elected();
    const other = { index: 50, name: 'other', mac: MAC, macvlan: { baseIndex: 2, isVepa: false } };
    a.kernel.setLink(other);
    b.kernel.setLink({ ...other, up: false });
    segment.clock.advance(1000);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  });

  it('is a kernel without macvlan: a fault that says so', () => {
    const segment = new LateSegment();
    const kernel = segment.kernel('10.9.0.1');
    const macvlans = new FakeMacvlans(kernel);
    macvlans.isSupported = false;
    const config = configuration([instance({ virtualMac })]);
    const a = segment.host('a', '10.9.0.1', config, kernel, (machinery) => ({ ...machinery, macvlans }));
    segment.clock.advance(10_000);
    const cause = 'cannot make interface vrrp.51 on eth1: this kernel has no macvlan (ENOTSUP)';
    expect(a.says()).toMatchObject({ state: 'FAULT', cause });
    expect(a.has(VIP)).toBe(false);
  });

  it('is an address that comes to the interface from elsewhere: it is no network of the host', () => {
    const { segment, a } = elected();
    segment.give(a.kernel, 'vrrp.51', '10.9.7.1', 24);
    const vips = [vip(VIP), vip('10.9.7.100')];
    a.loop.configure(configuration([instance({ virtualMac, vips })]), 'a');
    segment.clock.advance(1000);
    expect([where(a), where(a, '10.9.7.100'), a.says().state]).toEqual(['vrrp.51', 'vrrp.51', 'MASTER']);
    a.loop.configure(configuration([instance({ vips })]), 'a');
    expect(where(a, '10.9.7.100')).toBe('eth1');
  });
});

describe('adverts', () => {
  const sentBy = (segment: Segment, host: string): string[] =>
    segment.lan.sent.filter((one) => one.host === host).map(({ destination }) => destination);

  it('are sent once, from the one or the other', () => {
    for (const transmitFrom of ['virtual', 'base'] as const) {
      const { segment } = elected({ transport: 'multicast', virtualMac: { enabled: true, transmitFrom } });
      segment.lan.sent.length = 0;
      segment.clock.advance(3000);
      expect(sentBy(segment, 'a')).toEqual(['224.0.0.18', '224.0.0.18', '224.0.0.18']);
    }
  });
});

describe('another VRID', () => {
  it('carries the addresses over to the other MAC, and tells the neighbours', () => {
    const { segment, a, b } = elected();
    const after = configuration([instance({ virtualMac, vrid: 52 })]);
    b.loop.take({ type: 'holds', holds: [{ instance: 'public', reason: 'x', untilMs: null, endsAlone: false }] });
    b.loop.configure(after, 'b');
    segment.clock.advance(20_000);
    a.frames.frames.length = 0;
    const gone: string[] = [];
    a.kernel.watch({
      onLink: () => {},
      onAddress: ({ ifindex }, change) => {
        if (change === 'deleted' && !kernelHas(a, ifindex)) gone.push(VIP);
      },
      onLost: () => {},
    });
    a.loop.configure(after, 'a');
    expect([where(a), linkOf(a), linkOf(a, 'vrrp.52')?.up]).toEqual(['vrrp.52', undefined, true]);
    expect(gone).toEqual([]);
    expect(a.frames.frames.map((one) => one.interface)).toEqual(Array.from({ length: 5 }, () => 'vrrp.52'));
    segment.clock.advance(6000);
    expect(a.frames.frames.length).toBe(10);
    b.loop.take({ type: 'holds', holds: [] });
    segment.clock.advance(20_000);
    expect([a.says().state, b.says().state, b.says().master]).toEqual(['MASTER', 'BACKUP', '10.9.0.1']);
  });
});

/** Whether another interface than this one has the VIP. */
function kernelHas({ kernel }: Host, ifindex: number): boolean {
  return kernel.addresses().some((one) => one.address === VIP && one.ifindex !== ifindex);
}
