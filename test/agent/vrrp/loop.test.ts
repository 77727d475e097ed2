import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import { masterDownMs } from '../../../src/vrrp/intervals.ts';
import { encodeAdvertisement } from '../../../src/wire/vrrp.ts';
import { address, configuration, instance, vip } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

const VIP = '10.9.0.100';
const DOWN = masterDownMs(3, 100, 1000);

function pair(
  more: Partial<InstanceConfig> = {},
  config = configuration([instance(more)]),
): { segment: Segment; a: Host; b: Host } {
  const segment = new Segment();
  const a = segment.host('a', '10.9.0.1', config);
  const b = segment.host('b', '10.9.0.2', config);
  return { segment, a, b };
}

/** a is MASTER. */
function elected(more: Partial<InstanceConfig> = {}, config?: Parameters<typeof pair>[1]): ReturnType<typeof pair> {
  const all = pair(more, config);
  all.segment.clock.advance(5000);
  expect(all.a.says().state).toBe('MASTER');
  expect(all.b.says().state).toBe('BACKUP');
  return all;
}

const owners = (...hosts: readonly Host[]): number => hosts.filter((host) => host.has(VIP)).length;

describe('election', () => {
  it('the higher priority waits a shorter skew and becomes MASTER, announcing the VIP five times', () => {
    const { a, b } = elected();
    expect([a.has(VIP), b.has(VIP)]).toEqual([true, false]);
    expect(a.announced().length).toBe(5);
    expect(b.says()).toMatchObject({ master: '10.9.0.1', advertsSent: 0 });
    expect(a.says().cause).toBe('nobody else advertises');
  });

  it('multicast does the same', () => {
    const { segment } = elected({ transport: 'multicast' });
    expect(new Set(segment.lan.sent.map(({ destination }) => destination))).toEqual(new Set(['224.0.0.18']));
  });

  it('version 2 with a password does the same; another password is dropped and counted', () => {
    const pass = (value: string): Partial<InstanceConfig> => ({
      version: 2,
      authentication: { pass: { source: 'literal', value } },
    });
    elected(pass('s3cret'));
    const segment = new Segment();
    segment.host('a', '10.9.0.1', configuration([instance(pass('s3cret'))]));
    const b = segment.host('b', '10.9.0.2', configuration([instance(pass('other'))]));
    segment.clock.advance(10_000);
    expect(b.says().state).toBe('MASTER');
    expect(b.says().dropped['password']).toBeGreaterThan(3);
    expect(b.lines.filter((line) => line.includes('packets are dropped')).length).toBe(1);
  });

  it('keeps advertisements on a grid of the interval', () => {
    const { segment } = elected();
    const times = segment.lan.sent.map(({ atMs }) => atMs);
    segment.clock.advance(100_000);
    const first = times[0] ?? 0;
    for (const { atMs } of segment.lan.sent) expect((atMs - first) % 1000).toBeCloseTo(0, 3);
  });
});

describe('losing the MASTER', () => {
  it('a crash: the BACKUP takes over within master_down', () => {
    const { segment, b } = elected();
    segment.lan.cut.add('a');
    const last = segment.lan.sent.at(-1)?.atMs ?? 0;
    segment.clock.advanceTo(last + DOWN - 1);
    expect(b.says().state).toBe('BACKUP');
    segment.clock.advance(1);
    expect(b.says()).toMatchObject({ state: 'MASTER', cause: '10.9.0.1 is not heard any more' });
  });

  it('a stop for good: priority 0, and the BACKUP waits its skew only', async () => {
    const { segment, a, b } = elected();
    const stopped = a.loop.stop(true);
    segment.clock.advance(610);
    expect(b.says().state).toBe('MASTER');
    expect(owners(a, b)).toBe(1);
    await stopped;
  });

  it('a split brain heals: the lower gives the VIP back, the winner announces again', () => {
    const { segment, a, b } = elected();
    segment.lan.cut.add('a');
    segment.clock.advance(10_000);
    expect(owners(a, b)).toBe(2);
    const before = a.frames.frames.length;
    segment.lan.cut.delete('a');
    segment.clock.advance(1000);
    expect([a.says().state, b.says().state, owners(a, b)]).toEqual(['MASTER', 'BACKUP', 1]);
    segment.clock.advance(6000);
    expect(a.frames.frames.length).toBeGreaterThan(before);
  });

  it('nobody is pre-empted unless asked', () => {
    for (const preempt of [false, true]) {
      const { segment, b } = elected({ preempt });
      segment.lan.cut.add('a');
      segment.clock.advance(10_000);
      const again = new Segment();
      const config = configuration([instance({ preempt })]);
      const c = again.host('b', '10.9.0.2', config);
      again.clock.advance(5000);
      const late = again.host('a', '10.9.0.1', config);
      again.clock.advance(10_000);
      expect([late.says().state, c.says().state]).toEqual(preempt ? ['MASTER', 'BACKUP'] : ['BACKUP', 'MASTER']);
      expect(b.says().state).toBe('MASTER');
    }
  });
});

describe('who is heard', () => {
  it('is told with its time and priority, and stays when it falls silent', () => {
    const { segment, a, b } = elected();
    expect(a.says()).toMatchObject({ source: '10.9.0.1', lastAdvert: null, lastDropped: {} });
    segment.clock.advance(1000);
    const { lastAdvert } = b.says();
    expect(lastAdvert).toMatchObject({ source: '10.9.0.1', priority: 110 });
    expect(segment.clock.wall() - (lastAdvert?.at ?? 0)).toBeLessThan(1000);
    segment.lan.cut.add('a');
    segment.clock.advance(10_000);
    expect(b.says().lastAdvert).toEqual(lastAdvert);
  });

  it('is told of what is dropped, by reason; of an instance that has gone nothing is kept', () => {
    const pass = (value: string): Partial<InstanceConfig> => ({
      version: 2,
      authentication: { pass: { source: 'literal', value } },
    });
    const segment = new Segment();
    segment.host('a', '10.9.0.1', configuration([instance(pass('s3cret'))]));
    const b = segment.host('b', '10.9.0.2', configuration([instance(pass('other'))]));
    segment.clock.advance(10_000);
    expect(b.says()).toMatchObject({ lastAdvert: null, lastDropped: { password: { source: '10.9.0.1' } } });
    b.loop.configure(configuration([]), 'b');
    b.loop.configure(configuration([instance(pass('other'))]), 'b');
    expect(b.says().lastDropped).toEqual({});
  });
});

describe('yield', () => {
  it.each([false, true])('gives the role away and does not take it back (preempt: %s)', (preempt) => {
    const { segment, a, b } = elected({ preempt });
    a.loop.take({ type: 'yield', instance: 'public' });
    segment.clock.advance(610);
    expect(a.says()).toMatchObject({
      state: 'BACKUP',
      cause: 'handed over (given away on request): 10.9.0.2 advertises priority 100, ours is 110',
    });
    segment.clock.advance(30_000);
    expect([a.says().state, b.says().state, owners(a, b)]).toEqual(['BACKUP', 'MASTER', 1]);
  });

  it('of an unknown instance, or by a BACKUP, changes nothing', () => {
    const { b } = elected();
    b.loop.take({ type: 'yield', instance: 'public' });
    b.loop.take({ type: 'yield', instance: 'nobody' });
    expect(b.says().state).toBe('BACKUP');
    expect(b.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe('addresses', () => {
  it('have a lifetime that outlives the process by master_down and a second', () => {
    const { segment, a } = elected();
    segment.clock.advance(60_000);
    expect(a.kernel.addresses().find((one) => one.address === VIP)?.validSeconds).toBeGreaterThanOrEqual(4);
    void a.loop.stop(false);
    segment.clock.advance(3900);
    expect(a.has(VIP)).toBe(true);
    segment.clock.advance(1200);
    expect(a.has(VIP)).toBe(false);
  });

  it('come back when someone deletes them, and only while MASTER', () => {
    const { a, b } = elected();
    a.kernel.remove({ interface: 'eth1', address: address(VIP), prefixLength: 32 });
    expect(a.has(VIP)).toBe(true);
    expect(b.has(VIP)).toBe(false);
  });

  it('go on the interface whose network contains them, unless they name one', () => {
    const vips = [vip(VIP), vip('10.9.1.100'), vip('192.0.2.1'), vip('10.9.0.101', { interface: 'eth2' })];
    const { a } = elected({ vips });
    const where = new Map(a.kernel.addresses().map((one) => [one.address, one.ifindex]));
    expect(vips.map((one) => where.get(one.address))).toEqual([2, 3, 2, 3]);
  });

  it('of a director without VRRP are held and renewed, and go when it stops for good', () => {
    const config = configuration([], { directors: [{ name: 'a', dips: [{ interface: 'eth1', address: address('10.9.0.1') }], vips: [vip('10.9.1.2')], ssh: {}, sysctl: {} }] }); // biome-ignore format: short
    const segment = new Segment();
    const a = segment.host('a', '10.9.0.1', config);
    segment.clock.advance(600_000);
    expect(a.kernel.addresses().find((one) => one.address === '10.9.1.2')).toMatchObject({
      ifindex: 3,
      prefixLength: 32,
    });
    a.kernel.remove({ interface: 'eth2', address: address('10.9.1.2'), prefixLength: 32 });
    expect(a.has('10.9.1.2')).toBe(true);
    void a.loop.stop(true);
    expect(a.has('10.9.1.2')).toBe(false);
  });
});

describe('adoption after a restart', () => {
  it('goes on as MASTER at once when its addresses were renewed lately', () => {
    const { segment, a, b } = elected();
    void a.loop.stop(false);
    segment.clock.advance(2500);
    const again = segment.host('a', '10.9.0.1', configuration([instance()]), a.kernel);
    expect(again.says().state).toBe('MASTER');
    segment.clock.advance(30_000);
    expect([again.says().state, b.says().state, b.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
  });

  it('goes on as MASTER whatever its scripts start from, until they fail', () => {
    const script = { name: 'x', run: ['/bin/x'], intervalMs: 1000, timeoutMs: 1000, weight: 0, reverse: false, rise: 1, fall: 1, user: 'nobody', start: 'down' as const }; // biome-ignore format: short
    const track = { interfaces: [], scripts: [{ name: 'x', weight: 0 }], services: [], files: [] };
    const config = configuration([instance({ track })], { scripts: [script] });
    const say = (host: Host, state: 'up' | 'down' | 'unknown') =>
      host.loop.take({ type: 'tracking', scripts: { x: state }, services: {}, files: {} });
    const { segment, a } = pair({}, config);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'tracked script x is down' });
    say(a, 'up');
    segment.clock.advance(5000);
    expect(a.says().state).toBe('MASTER');
    void a.loop.stop(false);
    const again = segment.host('a', '10.9.0.1', config, a.kernel);
    expect(again.says().state).toBe('MASTER');
    say(again, 'unknown');
    segment.clock.advance(1000);
    expect(again.says().state).toBe('MASTER');
    say(again, 'down');
    expect(again.says()).toMatchObject({ state: 'MASTER', handingOver: { cause: 'tracked script x is down' } });
  });

  it('listens one interval when they are older, and leaves them to a successor', () => {
    const { segment, a, b } = elected();
    void a.loop.stop(false);
    segment.clock.advance(DOWN + 500);
    expect(b.says().state).toBe('MASTER');
    const again = segment.host('a', '10.9.0.1', configuration([instance()]), a.kernel);
    expect(again.says().state).toBe('BACKUP');
    segment.clock.advance(1000);
    expect([again.says().state, again.has(VIP), b.says().state]).toEqual(['BACKUP', false, 'MASTER']);
  });
});

describe('the start gate', () => {
  const service = { name: 's' } as never;
  it('keeps it BACKUP until the link has been up for a while', () => {
    const { segment, a } = pair({ startAfter: { linkUpMs: 20_000, verdicts: false } });
    segment.clock.advance(19_000);
    expect(a.says()).toMatchObject({ state: 'BACKUP', waitingFor: 'interface eth1 up for 20000 ms' });
    segment.clock.advance(3000);
    expect(a.says()).toMatchObject({ state: 'MASTER', waitingFor: null });
  });

  it('waits for the first verdicts when there are services, for 10 s at most', () => {
    const config = configuration([instance()], { services: [service] });
    const { segment, a } = pair({}, config);
    segment.clock.advance(9500);
    expect(a.says()).toMatchObject({ state: 'BACKUP', waitingFor: 'the first verdicts of the checks' });
    segment.clock.advance(2000);
    expect(a.says().state).toBe('MASTER');
    const early = pair({}, config);
    early.a.loop.take({ type: 'ready' });
    early.segment.clock.advance(3700);
    expect(early.a.says().state).toBe('MASTER');
  });
});

describe('trackers', () => {
  const track = (weight: number): Partial<InstanceConfig> => ({
    track: { interfaces: [], scripts: [{ name: 'x', weight }], services: [], files: [] },
  });
  const say = (host: Host, state: 'up' | 'down'): void =>
    host.loop.take({ type: 'tracking', scripts: { x: state }, services: {} });

  it('of weight 0: down is FAULT, and the other takes over at once', () => {
    const { segment, a, b } = pair(track(0));
    say(a, 'up');
    say(b, 'up');
    segment.clock.advance(5000);
    say(a, 'down');
    expect(a.says()).toMatchObject({ state: 'MASTER', handingOver: { cause: 'tracked script x is down' } });
    segment.clock.advance(700);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'tracked script x is down' });
    expect([b.says().state, owners(a, b)]).toEqual(['MASTER', 1]);
    say(a, 'up');
    expect(a.says().state).toBe('BACKUP');
  });

  it('with a weight: the order of priorities turns, and turns back, when pre-emption is on', () => {
    const { segment, a, b } = pair({ ...track(-20), preempt: true });
    say(a, 'up');
    say(b, 'up');
    segment.clock.advance(5000);
    say(a, 'down');
    expect(a.says()).toMatchObject({ state: 'MASTER', priority: 90, basePriority: 110 });
    segment.clock.advance(6000);
    expect([a.says().state, b.says().state]).toEqual(['BACKUP', 'MASTER']);
    say(a, 'up');
    segment.clock.advance(6000);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  });

  it.each<[string, Partial<InstanceConfig['track']>, (host: Host, isDown: boolean) => void]>([
    [
      'an interface',
      { interfaces: [{ name: 'eth2', weight: -20 }] },
      ({ kernel }, isDown) => kernel.setLink({ index: 3, name: 'eth2', running: !isDown }),
    ],
    [
      'a service',
      { services: [{ name: 'http', weight: -20 }] },
      ({ loop }, isDown) =>
        loop.take({ type: 'tracking', scripts: {}, services: { http: isDown ? 'down' : 'up' }, files: {} }),
    ],
    [
      'a file',
      { files: [{ path: '/run/hold', weight: -20 }] },
      ({ loop }, isDown) =>
        loop.take({ type: 'tracking', scripts: {}, services: {}, files: { '/run/hold': isDown ? 'down' : 'up' } }),
    ],
  ])('%s with a weight moves the VIP there and back', (_name, some, say_) => {
    const tracked = { interfaces: [], scripts: [], services: [], files: [], ...some };
    const { segment, a, b } = pair({ track: tracked, preempt: true });
    for (const host of [a, b]) say_(host, false);
    segment.clock.advance(5000);
    say_(a, true);
    expect(a.says()).toMatchObject({ state: 'MASTER', priority: 90, trackers: [{ weight: -20, isDown: true }] });
    segment.clock.advance(6000);
    expect([a.says().state, b.says().state, owners(a, b)]).toEqual(['BACKUP', 'MASTER', 1]);
    say_(a, false);
    segment.clock.advance(6000);
    expect([a.says().state, b.says().state, owners(a, b)]).toEqual(['MASTER', 'BACKUP', 1]);
  });

  it('a file of weight 0 that exists is a fault, and a supervisor that says nothing of files changes nothing', () => {
    const files = [{ path: '/run/hold', weight: 0 }];
    const { segment, a, b } = pair({ track: { interfaces: [], scripts: [], services: [], files } });
    for (const { loop } of [a, b])
      loop.take({ type: 'tracking', scripts: {}, services: {}, files: { '/run/hold': 'up' } });
    segment.clock.advance(5000);
    a.loop.take({ type: 'tracking', scripts: {}, services: {}, files: { '/run/hold': 'down' } });
    segment.clock.advance(1000);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'tracked file /run/hold exists' });
    expect(b.says()).toMatchObject({ state: 'MASTER', transitions: 2 });
    b.loop.take({ type: 'tracking', scripts: {}, services: {} });
    segment.clock.advance(1000);
    expect(b.says().state).toBe('MASTER');
  });

  it('preempt_delay: a living MASTER of lower priority stays so long', () => {
    const { segment, a, b } = pair({ ...track(-20), preempt: true, preemptDelayMs: 30_000 });
    say(a, 'up');
    say(b, 'up');
    segment.clock.advance(5000);
    say(a, 'down');
    segment.clock.advance(30_000);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
    segment.clock.advance(DOWN);
    expect([a.says().state, b.says().state]).toEqual(['BACKUP', 'MASTER']);
  });

  it('preempt_delay: who comes back from a fault waits anew', () => {
    const { segment, a, b } = elected({ preempt: true, preemptDelayMs: 30_000 });
    const link = (running: boolean) => a.kernel.setLink({ index: 2, name: 'eth1', running });
    link(false);
    segment.clock.advance(5000);
    link(true);
    segment.clock.advance(25_000);
    link(false);
    segment.clock.advance(10_000);
    link(true);
    segment.clock.advance(29_000);
    expect([a.says().state, b.says().state]).toEqual(['BACKUP', 'MASTER']);
    segment.clock.advance(1000 + DOWN);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  });

  it('unknown after a supervisor restart: nothing changes', () => {
    const { segment, a } = pair(track(0));
    say(a, 'up');
    segment.clock.advance(5000);
    a.loop.take({ type: 'tracking', scripts: { x: 'unknown' }, services: {} });
    segment.clock.advance(5000);
    expect(a.says().state).toBe('MASTER');
  });

  it('the link itself: down is FAULT, up again is BACKUP', () => {
    const { segment, a, b } = elected();
    a.kernel.setLink({ index: 2, name: 'eth1', running: false });
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'interface eth1 is down' });
    segment.clock.advance(5000);
    expect(b.says().state).toBe('MASTER');
    a.kernel.setLink({ index: 2, name: 'eth1' });
    expect(a.says().state).toBe('BACKUP');
  });

  it('the source address: without it no advertisement could be sent, unless it is back at once', () => {
    const { segment, a } = elected();
    const own = { interface: 'eth1', address: address('10.9.0.1'), prefixLength: 24 };
    a.kernel.remove(own);
    segment.clock.advance(199);
    a.kernel.add({ ...own, scope: 'global', label: null, broadcast: null, validSeconds: null });
    segment.clock.advance(5_000);
    expect(a.says().state).toBe('MASTER');
    a.kernel.remove(own);
    segment.clock.advance(199);
    expect(a.says().state).toBe('MASTER');
    segment.clock.advance(1);
    expect(a.says()).toMatchObject({ state: 'FAULT', cause: 'address 10.9.0.1 is not on interface eth1' });
  });
});

describe('a stall', () => {
  const lines = (host: Host): string[] => host.lines.filter((line) => line.includes('did not run'));

  it('of a MASTER is measured and told, and it steps down before it sends', () => {
    const { segment, a, b } = elected();
    segment.lan.cut.add('b');
    const sent = segment.lan.sent.length;
    segment.clock.stall(8000);
    segment.clock.advance(0);
    expect(a.says()).toMatchObject({ state: 'BACKUP', advertsSent: sent });
    expect(a.says().cause).toMatch(/^stalled: nothing was sent for 8\d\d\d ms, longer than master_down \(3570 ms\)$/);
    expect(a.loop.report().latenessMs.worst).toBeGreaterThan(7000);
    expect(lines(a)).toEqual([expect.stringMatching(/^warning the VRRP process did not run for [78]\d\d\d ms /)]);
    expect(lines(b)).toHaveLength(1);
  });

  it('is measured also where a packet of the successor is read before the timer fires', () => {
    const { segment, a } = elected();
    const successor = segment.lan.host('successor').open(
      {
        interface: 'eth1',
        family: 4,
        source: address('10.9.0.2'),
        transport: 'unicast',
        group: address('224.0.0.18'),
      },
      { onPacket: () => undefined, onError: () => undefined },
    );
    segment.lan.cut.add('b');
    segment.clock.stall(8000);
    const advertisement = { version: 3, vrid: 51, priority: 100, addresses: [address(VIP)], advertIntervalMs: 1000, authentication: null } as const; // biome-ignore format: short
    const endpoints = { source: address('10.9.0.2'), destination: address('10.9.0.1') };
    successor.send(encodeAdvertisement(advertisement, 'pseudo-header', endpoints), address('10.9.0.1'));
    expect(a.says()).toMatchObject({ state: 'BACKUP', master: '10.9.0.2' });
    expect(a.loop.report().latenessMs.last).toBeGreaterThan(7000);
    segment.clock.advance(0);
    expect(lines(a)).toHaveLength(1);
  });

  it('shorter than an interval is measured, and neither told nor acted upon', () => {
    const { segment, a } = elected();
    segment.clock.stall(1500);
    segment.clock.advance(0);
    expect(a.loop.report().latenessMs.last).toBeCloseTo(930, 0);
    expect([a.says().state, lines(a)]).toEqual(['MASTER', []]);
  });
});

describe('a sync group', () => {
  const speakers = [
    { director: 'a', interface: 'eth2', source: address('10.9.1.1'), priority: 110 },
    { director: 'b', interface: 'eth2', source: address('10.9.1.2'), priority: 100 },
  ];
  const both = configuration(
    [instance(), instance({ name: 'inside', vrid: 52, vips: [vip('10.9.1.100')], speakers })],
    {
      syncGroups: [{ name: 'g', members: ['public', 'inside'], notify: instance().notify, alert: false }],
    },
  );
  const states = (host: Host): string[] => [host.says('public').state, host.says('inside').state];

  it('becomes MASTER as a whole', () => {
    const { segment, a, b } = pair({}, both);
    segment.clock.advance(5000);
    expect([states(a), states(b)]).toEqual([['MASTER', 'MASTER'], ['BACKUP', 'BACKUP']]); // biome-ignore format: short
  });

  it('falls as a whole when one member is in fault, and the other director takes both', () => {
    const { segment, a, b } = pair({}, both);
    segment.clock.advance(5000);
    a.kernel.setLink({ index: 3, name: 'eth2', running: false });
    expect(states(a)).toEqual(['MASTER', 'FAULT']);
    segment.clock.advance(4000);
    expect(states(a)).toEqual(['FAULT', 'FAULT']);
    expect(a.says('public').cause).toBe('inside of sync group g is in fault: interface eth2 is down');
    segment.clock.advance(1000);
    expect(states(b)).toEqual(['MASTER', 'MASTER']);
    a.kernel.setLink({ index: 3, name: 'eth2' });
    segment.clock.advance(20_000);
    expect([states(a), states(b)]).toEqual([['BACKUP', 'BACKUP'], ['MASTER', 'MASTER']]); // biome-ignore format: short
  });

  it('moves as a whole when what one member tracks lowers it', () => {
    const track = { interfaces: [], scripts: [{ name: 'x', weight: -20 }], services: [], files: [] };
    const [open, inside] = both.instances as [InstanceConfig, InstanceConfig];
    const { segment, a, b } = pair({}, { ...both, instances: [{ ...open, track, preempt: true }, inside] });
    const say = (state: 'up' | 'down') => a.loop.take({ type: 'tracking', scripts: { x: state }, services: {} });
    b.loop.take({ type: 'tracking', scripts: { x: 'up' }, services: {} });
    say('up');
    segment.clock.advance(5000);
    say('down');
    expect(a.says('inside').priority).toBe(90);
    segment.clock.advance(6000);
    expect([states(a), states(b)]).toEqual([['BACKUP', 'BACKUP'], ['MASTER', 'MASTER']]); // biome-ignore format: short
    say('up');
    segment.clock.advance(6000);
    expect([states(a), states(b)]).toEqual([['MASTER', 'MASTER'], ['BACKUP', 'BACKUP']]); // biome-ignore format: short
  });

  it('is yielded as a whole, and not taken back', () => {
    const { segment, a, b } = pair({}, both);
    segment.clock.advance(5000);
    a.loop.take({ type: 'yield', instance: 'inside' });
    segment.clock.advance(610);
    expect(states(a)).toEqual(['BACKUP', 'BACKUP']);
    segment.clock.advance(10_000);
    expect([states(a), states(b)]).toEqual([['BACKUP', 'BACKUP'], ['MASTER', 'MASTER']]); // biome-ignore format: short
  });

  it('is adopted as a whole', () => {
    const { segment, a } = pair({}, both);
    segment.clock.advance(5000);
    void a.loop.stop(false);
    a.kernel.remove({ interface: 'eth2', address: address('10.9.1.100'), prefixLength: 32 });
    const again = segment.host('a', '10.9.0.1', both, a.kernel);
    expect(states(again)).toEqual(['MASTER', 'MASTER']);
    expect(again.has('10.9.1.100')).toBe(true);
  });
});

describe('a new configuration', () => {
  it('changes the VIPs of a MASTER in place', () => {
    const { segment, a, b } = elected();
    const after = configuration([instance({ vips: [vip('10.9.0.101')] })]);
    a.loop.configure(after, 'a');
    expect([a.has(VIP), a.has('10.9.0.101'), a.says().state]).toEqual([false, true, 'MASTER']);
    segment.clock.advance(10_000);
    expect(a.transitions.length).toBe(2);
    expect(b.lines.filter((line) => line.includes('it advertises')).length).toBe(1);
  });

  it('that is the same changes nothing', () => {
    const { a } = elected();
    const before = a.says();
    a.loop.configure(configuration([instance()]), 'a');
    expect(a.says()).toEqual(before);
  });

  it('ends an instance that is gone: priority 0, VIP out', () => {
    const { segment, a, b } = elected();
    a.loop.configure(configuration([]), 'a');
    expect([a.loop.report().instances, a.has(VIP)]).toEqual([[], false]);
    segment.clock.advance(610);
    expect(b.says().state).toBe('MASTER');
  });

  it('with another VRID and other VIPs ends the old virtual router in its own name, and starts the new one', () => {
    const { segment, a, b } = elected();
    segment.lan.sent.length = 0;
    const vips = [vip('10.9.0.101')];
    a.loop.configure(configuration([instance({ vrid: 99, version: 2, vips })]), 'a');
    expect(Buffer.from(segment.lan.sent[0]?.payload ?? []).toString('hex')).toMatch(/^313300/);
    expect(a.says()).toMatchObject({ vrid: 99, state: 'BACKUP' });
    segment.clock.advance(610);
    expect(b.says().state).toBe('MASTER');
  });

  it.each<[string, Partial<InstanceConfig>]>([
    ['version', { version: 2 }],
    ['VRID', { vrid: 99 }],
    ['transport', { transport: 'multicast' }],
    ['password and version', { version: 2, authentication: { pass: { source: 'literal', value: 'new' } } }],
  ])(
    'with another %s rolls through a BACKUP that is held: the MASTER keeps its VIPs, and there is never a second one',
    (_what, more) => {
      const { segment, a, b } = elected();
      const after = configuration([instance(more)]);
      b.loop.take({ type: 'holds', holds: [{ instance: 'public', reason: 'x', untilMs: null, endsAlone: false }] });
      b.loop.configure(after, 'b');
      expect(b.says().master).toBeNull();
      segment.clock.advance(20_000);
      expect([owners(a, b), a.says().state, b.says().state]).toEqual([1, 'MASTER', 'BACKUP']);
      segment.lan.sent.length = 0;
      a.loop.configure(after, 'a');
      expect(a.has(VIP)).toBe(true);
      segment.clock.advance(1_000);
      expect(b.says().master).toBe('10.9.0.1');
      b.loop.take({ type: 'holds', holds: [] });
      segment.clock.advance(20_000);
      expect([a.says().state, b.says().state, owners(a, b)]).toEqual(['MASTER', 'BACKUP', 1]);
      expect(a.transitions.length).toBe(2);
      segment.lan.cut.add('a');
      segment.clock.advance(DOWN + 1_100);
      expect(b.says().state).toBe('MASTER');
    },
  );

  it('with another version, and no hold, makes a second MASTER until both have it', () => {
    const { segment, a, b } = elected();
    b.loop.configure(configuration([instance({ version: 2 })]), 'b');
    segment.clock.advance(20_000);
    expect([owners(a, b), a.says().state, b.says().state]).toEqual([2, 'MASTER', 'MASTER']);
    a.loop.configure(configuration([instance({ version: 2 })]), 'a');
    segment.clock.advance(2_000);
    expect([owners(a, b), a.says().state, b.says().state]).toEqual([1, 'MASTER', 'BACKUP']);
  });

  it('that is broken is refused, and the old one stays in force', () => {
    const { segment, a } = elected();
    expect(() => a.loop.configure({} as never, 'a')).toThrow();
    segment.clock.advance(5000);
    expect(a.says().state).toBe('MASTER');
  });
});

describe('packets from nowhere', () => {
  it('of unknown senders, other VRIDs and rubbish never change a state', () => {
    const { segment, a, b } = elected();
    const stranger = segment.lan.host('x').open(
      {
        interface: 'eth1',
        family: 4,
        source: address('10.9.0.66'),
        transport: 'unicast',
        group: address('224.0.0.18'),
      },
      { onPacket: () => undefined, onError: () => undefined },
    );
    const strong = Uint8Array.from(Buffer.from('3133ff0100640000' + '0a090064', 'hex'));
    for (const to of ['10.9.0.1', '10.9.0.2']) {
      stranger.send(strong, address(to));
      stranger.send(new Uint8Array(0), address(to));
      stranger.send(Uint8Array.from([0x31, 99, 255, 1]), address(to));
    }
    segment.clock.advance(5000);
    expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
    expect(a.says().dropped).toEqual({ 'unknown-source': 1 });
  });
});
