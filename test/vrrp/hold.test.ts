/** Holds: who does not become MASTER, until when, and that a MASTER is left alone. */
import { describe, expect, it } from 'vitest';
import type { Hold } from '../../src/vrrp/hold.ts';
import { masterDownMs } from '../../src/vrrp/intervals.ts';
import { setupsFor } from '../../src/vrrp/setup.ts';
import { address, configuration, instance, vip } from './configuration.ts';
import { Driven } from './driven.ts';

const HOST = [{ interface: 'eth1', address: address('10.9.0.2'), prefixLength: 24 }];
const config = configuration([
  instance(),
  instance({ name: 'second', vrid: 52, vips: [vip('10.9.0.101')] }),
  instance({ name: 'quick', vrid: 53, vips: [vip('10.9.0.102')], preempt: true, advertIntervalMs: 100 }),
]);
const DOWN = masterDownMs(3, 100, 1000);
const held = (change: Partial<Hold> = {}): Hold => ({
  instance: 'public',
  reason: 'release by root',
  untilMs: null,
  endsAlone: false,
  ...change,
});

/** The director `b` from time 0 on. */
class Played extends Driven {
  constructor(from = config, found: 'absent' | 'fresh' = 'absent') {
    super();
    const { instances } = setupsFor(from, 'b', HOST);
    this.take({ type: 'interfaces', interfaces: { eth1: { up: true, addresses: [address('10.9.0.2')] } } });
    this.take({
      type: 'config',
      setups: instances,
      found: Object.fromEntries(instances.map(({ name }) => [name, found])),
    });
  }

  hold(...holds: readonly Hold[]): this {
    return this.take({ type: 'holds', holds });
  }

  hear(priority: number, name = 'public', vrid = 51): this {
    const advertisement = {
      version: 3 as const,
      vrid,
      priority,
      addresses: [address('10.9.0.100')],
      advertIntervalMs: 1000,
      authentication: null,
    };
    return this.take({ type: 'advertisement', instance: name, advertisement, source: address('10.9.0.1') });
  }

  says(name = 'public'): string {
    const found = this.router.instances[name];
    return `${found?.state}${found?.waitingFor ? `, waits for ${found.waitingFor}` : ''}`;
  }
}

describe('a hold', () => {
  it('keeps a BACKUP from becoming MASTER, and no other instance', () => {
    const played = new Played().hold(held()).until(60_000);
    expect(played.says()).toBe('BACKUP, waits for release by root');
    expect(played.says('second')).toBe('MASTER');
  });

  it('of no instance in particular is of all', () => {
    const played = new Played().hold(held({ instance: null })).until(60_000);
    expect([played.says('second'), played.says('quick')]).toEqual(Array(2).fill('BACKUP, waits for release by root'));
  });

  it('does not demote a MASTER', () => {
    expect(new Played(config, 'fresh').hold(held()).until(60_000).says()).toMatch(/^MASTER/);
  });

  it('keeps one from answering a MASTER that gives up, and from pre-empting', () => {
    const gone = new Played().hear(110).hold(held()).hear(0);
    expect(gone.until(20_000).says()).toBe('BACKUP, waits for release by root');
    const weaker = new Played().hold(held({ instance: 'quick' }));
    for (let atMs = 500; atMs <= 20_000; atMs += 500) weaker.until(atMs).hear(50, 'quick', 53);
    expect(weaker.says('quick')).toBe('BACKUP, waits for release by root');
    expect(weaker.hold().until(21_200).says('quick')).toBe('MASTER');
  });

  it('does not hide that the MASTER is not heard any more', () => {
    const played = new Played().hold(held()).hear(110);
    expect(played.router.instances['public']?.master).toBe('10.9.0.1');
    expect(played.until(10_000).router.instances['public']?.master).toBeNull();
  });

  it('ends when it is told no more, within an interval', () => {
    expect(new Played().hold(held()).until(60_000).hold().until(61_000).says()).toBe('MASTER');
  });

  it('ends at its time by itself, within an interval', () => {
    const played = new Played().hold(held({ untilMs: 30_000 }));
    expect(played.until(29_999).says()).toBe('BACKUP, waits for release by root');
    expect(played.until(31_000).says()).toBe('MASTER');
  });

  it('that has ended leaves the others, and what else is waited for', () => {
    const played = new Played().hold(held({ untilMs: 10_000 }), held({ instance: null, reason: 'generation 8' }));
    expect(played.says()).toBe('BACKUP, waits for release by root; generation 8');
    expect(played.until(10_001).says()).toBe('BACKUP, waits for generation 8');
    const slow = configuration([instance({ startAfter: { linkUpMs: 5_000, verdicts: false } })]);
    const gated = new Played(slow).hold(held({ untilMs: 2_000 }));
    expect(gated.says()).toBe('BACKUP, waits for release by root');
    expect(gated.until(2_001).says()).toBe('BACKUP, waits for interface eth1 up for 5000 ms');
  });

  it('stops the rise of a sync group of which one member is held', () => {
    const syncGroups = [{ name: 'g', members: ['public', 'second'], notify: instance().notify, alert: false }];
    const played = new Played({ ...config, syncGroups });
    // the second would; the first has just heard its MASTER
    played.until(3_500).hear(110).until(3_800);
    expect(played.router.instances['second']?.wantsMaster).toBe(true);
    played.hold(held({ instance: 'second' })).until(60_000);
    expect([played.says(), played.says('second')]).toEqual(['BACKUP', 'BACKUP, waits for release by root']);
    expect(played.hold().until(62_000).says('second')).toBe('MASTER');
  });
});

describe('a hold that ends alone', () => {
  const fence = held({ instance: null, reason: 'generation 8', endsAlone: true });

  it('keeps a BACKUP as long as a MASTER is heard', () => {
    const played = new Played().hold(fence);
    for (let atMs = 1_000; atMs <= 60_000; atMs += 1_000) played.until(atMs).hear(90).hear(0);
    expect(played.says()).toBe('BACKUP, waits for generation 8');
  });

  it('ends three master_downs after the last word of a MASTER', () => {
    const played = new Played().hold(fence).until(5_000).hear(110);
    expect(played.until(5_000 + 3 * DOWN - 1).says()).toBe('BACKUP, waits for generation 8');
    expect(played.until(5_000 + 3 * DOWN + 1_000).says()).toBe('MASTER');
  });

  it('counts from the start where nobody was ever heard, and from the mending of a fault', () => {
    expect(
      new Played()
        .hold(fence)
        .until(3 * DOWN + 1_000)
        .says(),
    ).toBe('MASTER');
    const mended = new Played().hold(fence).until(9_000);
    mended.take({ type: 'interfaces', interfaces: { eth1: { up: false, addresses: [] } } }).until(20_000);
    mended.take({ type: 'interfaces', interfaces: { eth1: { up: true, addresses: [address('10.9.0.2')] } } });
    expect(mended.until(20_000 + 3 * DOWN - 1).says()).toBe('BACKUP, waits for generation 8');
  });
});
