import { describe, expect, it } from 'vitest';
import { AnnouncementQueue } from '../../../src/agent/vrrp/announcement-queue.ts';
import { Announcer } from '../../../src/agent/vrrp/announcer.ts';
import { FakeFrameSender } from '../../../src/kernel/fake-arp.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import type { VirtualAddress } from '../../../src/vrrp/instance-setup.ts';
import { address } from '../../vrrp/configuration.ts';

function vip(number: number, on = 'eth1'): VirtualAddress {
  const text = address(`10.${on === 'eth1' ? 9 : 8}.${number >> 8}.${number & 255}`);
  return { address: text, prefixLength: 32, interface: on, label: null, scope: 'global', broadcast: null };
}
const vips = (count: number, on?: string): VirtualAddress[] => Array.from({ length: count }, (_, n) => vip(n, on));

describe('the queue of announcements', () => {
  it('gives every address its first round before any its second', () => {
    const queue = new AnnouncementQueue();
    queue.add(vips(3), 2, 0);
    expect(queue.take(0).map((one) => one.address)).toEqual([
      ...['10.9.0.0', '10.9.0.1', '10.9.0.2'],
      ...['10.9.0.0', '10.9.0.1', '10.9.0.2'],
    ]);
    expect(queue.nextAtMs()).toBeNull();
  });

  it('keeps the least time between two on an interface, whichever instance they are of, and only there', () => {
    const queue = new AnnouncementQueue();
    queue.add([vip(1)], 1, 0);
    queue.add([vip(2)], 2, 20);
    queue.add([vip(3)], 1, 5);
    queue.add([vip(4, 'eth2')], 2, 0);
    const taken: [number, string][] = [];
    for (let next = queue.nextAtMs(); next !== null; next = queue.nextAtMs()) {
      const nowMs = Math.max(1000, next);
      for (const one of queue.take(nowMs)) taken.push([nowMs - 1000, `${one.address}`]);
    }
    expect(taken).toEqual([
      [0, '10.9.0.1'],
      [0, '10.8.0.4'],
      [0, '10.8.0.4'],
      [20, '10.9.0.2'],
      [40, '10.9.0.3'],
      [60, '10.9.0.2'],
    ]);
  });

  it('does not add up rounds of one address, so that it cannot grow without end', () => {
    const queue = new AnnouncementQueue();
    for (let count = 0; count < 1000; count++) queue.add([vip(1)], 3, 1000);
    let taken = 0;
    for (let nowMs = 0; nowMs < 100_000; nowMs += 1000) taken += queue.take(nowMs).length;
    expect(taken).toBe(3);
  });

  it('forgets addresses that are no longer ours', () => {
    const queue = new AnnouncementQueue();
    queue.add(vips(2), 5, 1000);
    queue.take(0);
    queue.forget([vip(0), vip(1, 'eth2')]);
    expect(queue.take(1000)).toEqual([vip(1)]);
    queue.forget(vips(2));
    expect([queue.take(2000), queue.nextAtMs()]).toEqual([[], null]);
  });
});

describe('the announcer', () => {
  function announcer(beforeTurn: () => void = () => undefined) {
    const clock = new FakeClock(1000);
    const frames = new FakeFrameSender();
    frames.macs.set('eth1', Uint8Array.from([2, 0, 0, 0, 0, 1]));
    return { clock, frames, announcer: new Announcer({ frames, clock, log: () => undefined, beforeTurn }) };
  }

  it('sends the first at once and a burst of many in pieces, so that timers get their turn', () => {
    const sent: number[] = [];
    const { clock, frames, announcer: one } = announcer(() => sent.push(frames.frames.length));
    one.announce(vips(1000), 5, 0);
    expect(frames.frames.length).toBe(64);
    clock.advance(0);
    expect(sent).toEqual(Array.from({ length: 78 }, (_, index) => 64 * (index + 1)));
    expect(frames.frames.length).toBe(5000);
  });

  it('asks before each later turn, and sends nothing of what was forgotten then', () => {
    const held = vips(3);
    const { clock, frames, announcer: one } = announcer(() => one.forget(held));
    one.announce(held, 5, 100);
    clock.advance(10_000);
    expect(frames.frames.length).toBe(1);
  });

  it('is silent on interfaces without a MAC, and after its end', () => {
    const { clock, frames, announcer: one } = announcer();
    one.announce(vips(3, 'lo'), 5, 0);
    one.announce(vips(3), 5, 100);
    one.stop();
    clock.advance(10_000);
    expect(frames.frames.length).toBe(1);
  });
});
