/** Neighbours asked and heard by the loop: what is sent, how long it listens, and who is not believed. */
import { describe, expect, it } from 'vitest';
import { KernelError } from '../../../src/kernel/kernel-error.ts';
import { masterDownMs, PROBED_MS } from '../../../src/vrrp/intervals.ts';
import { address, configuration, instance, instance6, vip } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

const VIP = '10.9.0.100';
const FOREIGN = '02:00:00:00:00:99';
const DOWN = masterDownMs(3, 110, 1000);
const claim = (text: string, mac: string | null, on = 'eth1') => ({ interface: on, address: address(text), mac });

function alone(config = configuration([instance()])): { readonly segment: Segment; readonly a: Host } {
  const segment = new Segment();
  return { segment, a: segment.host('a', '10.9.0.1', config) };
}

describe('neighbours of a director that starts', () => {
  it('are asked by ARP without a sender address, for the VIP, its own address and that of the other director', () => {
    const { a } = alone();
    const asked = a.frames.frames.map(
      (one) => `${one.interface} ${Buffer.from(one.frame.subarray(28)).toString('hex')}`,
    );
    expect(asked).toEqual(['0a090064', '0a090001', '0a090002'].map((target) => `eth1 00000000000000000000${target}`));
  });

  it('are heard from the first probe until the round is over, each family by itself', () => {
    const config = configuration([instance(), instance6({ name: 'six', vrid: 52 })]);
    const { segment, a } = alone(config);
    expect(a.claims.listening).toEqual(['eth1 4', 'eth1 6']);
    segment.clock.advance(PROBED_MS - 1);
    expect(a.claims.listening).toEqual(['eth1 4', 'eth1 6']);
    segment.clock.advance(1);
    expect(a.claims.listening).toEqual([]);
  });

  it('are not listened to any more when it stops', () => {
    const { a } = alone();
    void a.loop.stop(true);
    expect(a.claims.listening).toEqual([]);
  });

  it('that have the VIP keep it in FAULT, say so, and are told in the report', () => {
    const { segment, a } = alone();
    a.claims.say(claim(VIP, FOREIGN));
    segment.clock.advance(DOWN);
    expect(a.says()).toMatchObject({
      state: 'FAULT',
      cause: `${VIP} on eth1 is in use by ${FOREIGN}, which answers for it and is no director`,
      owners: [claim(VIP, FOREIGN)],
    });
    expect([a.has(VIP), segment.lan.sent]).toEqual([false, []]);
    expect(a.lines.filter((line) => line.startsWith('warning public is FAULT'))).toHaveLength(1);
    segment.clock.advance(3 * DOWN);
    expect(a.says()).toMatchObject({ state: 'MASTER', owners: [] });
  });

  it('are not ourselves, by whichever interface', () => {
    const { segment, a } = alone();
    a.kernel.setLink({ index: 9, name: 'eth9', mac: FOREIGN });
    a.claims.say(claim(VIP, FOREIGN));
    segment.clock.advance(DOWN);
    expect(a.says().state).toBe('MASTER');
  });

  it('that cannot be heard keep nobody from serving: it is told once', () => {
    const problem = new KernelError({ operation: 'listen to neighbours', target: 'dev eth1', errno: 1 });
    const segment = new Segment();
    const a = segment.host('a', '10.9.0.1', configuration([instance()]), undefined, (machinery) => ({
      ...machinery,
      claims: { listen: () => problem },
    }));
    segment.clock.advance(DOWN);
    expect(a.says().state).toBe('MASTER');
    expect(a.lines.filter((line) => line.includes('listen to neighbours'))).toHaveLength(1);
  });

  it('are not there on an interface without a MAC', () => {
    const segment = new Segment();
    const config = configuration([instance({ vips: [vip(VIP, { interface: 'lo' })] })]);
    const a = segment.host('a', '10.9.0.1', config);
    segment.clock.advance(DOWN);
    expect([a.frames.frames.length, a.says().state]).toEqual([0, 'MASTER']);
  });
});

describe('two directors that start at once', () => {
  it('ask both, and one is MASTER as soon as without asking', () => {
    const segment = new Segment();
    const config = configuration([instance()]);
    const [a, b] = [segment.host('a', '10.9.0.1', config), segment.host('b', '10.9.0.2', config)];
    segment.clock.advance(DOWN);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  });

  it('are both in FAULT while somebody else has the VIP, and serve when it has gone', () => {
    const segment = new Segment();
    const config = configuration([instance()]);
    const hosts = [segment.host('a', '10.9.0.1', config), segment.host('b', '10.9.0.2', config)];
    for (const host of hosts) host.claims.say(claim(VIP, FOREIGN));
    segment.clock.advance(DOWN + 200);
    expect(hosts.map((host) => host.says().state)).toEqual(['FAULT', 'FAULT']);
    segment.clock.advance(3 * DOWN);
    expect(hosts.map((host) => host.says().state)).toEqual(['MASTER', 'BACKUP']);
  });

  it('and only one of them hears the other owner: the other one serves, and ends the FAULT', () => {
    const segment = new Segment();
    const config = configuration([instance()]);
    const [a, b] = [segment.host('a', '10.9.0.1', config), segment.host('b', '10.9.0.2', config)];
    a.claims.say(claim(VIP, FOREIGN));
    segment.clock.advance(DOWN + 200);
    expect([a.says().state, b.says().state]).toEqual(['BACKUP', 'MASTER']);
  });
});

describe('strangers', () => {
  it.each(['multicast', 'unicast'] as const)(
    'that speak by multicast for the VRID of an instance by %s are in the report, and nothing comes of it',
    (transport) => {
      const segment = new Segment();
      const a = segment.host('a', '10.9.0.1', configuration([instance({ transport })]));
      segment.clock.advance(DOWN);
      const speakers = [{ director: 'c', interface: 'eth1', source: address('10.9.0.9'), priority: 90 }];
      const other = configuration([instance({ transport: 'multicast', speakers, vips: [vip('10.9.0.200')] })]);
      const c = segment.host('c', '10.9.0.9', other);
      c.loop.take({ type: 'ready' });
      segment.lan.cut.add('a');
      segment.clock.advance(5000);
      segment.lan.cut.delete('a');
      segment.clock.advance(1000);
      expect(a.transitions.map(({ to }) => to)).toEqual(['BACKUP', 'MASTER']);
      expect(a.says()).toMatchObject({
        state: 'MASTER',
        strangers: [{ source: '10.9.0.9', addresses: ['10.9.0.200'] }],
      });
      void c.loop.stop(false);
      segment.clock.advance(60_000);
      expect(a.says().strangers).toEqual([]);
    },
  );
});
