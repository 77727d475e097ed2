/** The planned hand-over of whole loops: make before break, whatever is lost on the way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import type { ToVrrp } from '../../../src/vrrp/link.ts';
import { address, configuration, instance } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

const VIP = '10.9.0.100';
const YIELD = { type: 'yield', instance: 'public' } as const;
const READY: Exclude<ToVrrp, { type: 'config' }> = { type: 'relay-ready', instance: 'public' };

/** a is MASTER. */
function elected(more: Partial<InstanceConfig> = {}, withinMs = 5000): { segment: Segment; a: Host; b: Host } {
  const segment = new Segment();
  const config = configuration([instance(more)]);
  const a = segment.host('a', '10.9.0.1', config);
  const b = segment.host('b', '10.9.0.2', config);
  segment.clock.advance(withinMs);
  expect([a.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  return { segment, a, b };
}

const owners = (...hosts: readonly Host[]): string => hosts.map((host) => (host.has(VIP) ? 'X' : '.')).join('');
/** Priorities that a host has sent. */
const sent = (segment: Segment, host: string): (number | undefined)[] =>
  segment.lan.sent.filter((one) => one.host === host).map(({ payload }) => payload[2]);

describe('the old MASTER', () => {
  it('keeps its addresses until the successor has them, and then has them on the loopback only', () => {
    const { segment, a, b } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(609);
    expect([owners(a, b), a.says().state]).toEqual(['X.', 'MASTER']);
    segment.clock.advance(1);
    expect([owners(a, b), a.says().state, b.says().state]).toEqual(['.X', 'BACKUP', 'MASTER']);
    expect([a.silent(VIP), b.silent(VIP)]).toEqual([600, undefined]);
    expect(a.says().lameDuckUntil).toBeCloseTo(segment.clock.wall() + 600_000, -1);
    segment.clock.advance(600_000);
    expect([a.silent(VIP), a.says().lameDuckUntil]).toEqual([undefined, undefined]);
  });

  it('announces nothing while it hands over and afterwards', () => {
    const { segment, a } = elected({ garp: { ...instance().garp, refreshMs: 500 } });
    a.loop.take(YIELD);
    const before = a.frames.frames.length;
    segment.clock.advance(10_000);
    expect(a.frames.frames.length).toBe(before);
  });

  it('ends its silence when told that no connection is left', () => {
    const { segment, a } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(1000);
    a.loop.take({ type: 'end-lame-duck', instance: 'public' });
    expect([a.silent(VIP), a.says().lameDuckUntil]).toEqual([undefined, undefined]);
  });

  it('takes over again with its addresses where they belong', () => {
    const { segment, a, b } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(2000);
    segment.lan.cut.add('b');
    segment.clock.advance(5000);
    expect([a.says().state, a.has(VIP), a.silent(VIP), b.says().state]).toEqual(['MASTER', true, undefined, 'MASTER']);
  });

  it('goes on when nobody takes it, and says so', () => {
    const { segment, a, b } = elected();
    segment.lan.cut.add('b');
    segment.lan.sent.length = 0;
    a.loop.take(YIELD);
    segment.clock.advance(6000);
    expect(a.says()).toMatchObject({ state: 'MASTER', handingOver: { cause: 'given away on request' } });
    segment.clock.advance(3000);
    expect(a.says()).toMatchObject({ state: 'MASTER', cause: expect.stringContaining('nobody took it over within') });
    expect(a.says().handingOver).toBeUndefined();
    expect(sent(segment, 'a')).toEqual([0, 0, 0, 0, 0, 0, 0, 110, 110, 110]);
    expect(a.news.flatMap((one) => (one.type === 'hand-over' ? [one.outcome] : []))).toEqual(['begun', 'kept']);
    expect(a.has(VIP)).toBe(true);
    expect(b.says().state).toBe('MASTER'); // it hears nobody
  });

  it('goes on where there is nobody else', () => {
    const { a } = elected();
    const segment = new Segment();
    const speakers = instance().speakers.slice(0, 1);
    const alone = segment.host('a', '10.9.0.1', configuration([instance({ speakers })]));
    segment.clock.advance(5000);
    alone.loop.take(YIELD);
    expect(alone.says()).toMatchObject({
      state: 'MASTER',
      cause: expect.stringContaining('nobody else speaks for it'),
    });
    expect(a.has(VIP)).toBe(true);
  });

  it('says priority 0 again each interval: a lost one costs nothing', () => {
    const { segment, a, b } = elected();
    segment.lan.cut.add('a');
    a.loop.take(YIELD);
    segment.clock.advance(500);
    segment.lan.cut.delete('a');
    segment.clock.advance(500 + 610);
    expect([owners(a, b), a.says().state, b.says().state]).toEqual(['.X', 'BACKUP', 'MASTER']);
  });

  it('is silenced, too, when a director pre-empts it; a speaker that is none has it delete', () => {
    for (const isForeign of [false, true]) {
      const segment = new Segment();
      const speakers = isForeign ? instance().speakers.slice(1) : instance().speakers;
      const ours = configuration([instance({ preempt: true, speakers, foreignPeers: [address('10.9.0.1')] })]);
      const b = segment.host('b', '10.9.0.2', ours);
      segment.clock.advance(5000);
      const a = segment.host('a', '10.9.0.1', configuration([instance({ preempt: true })]));
      segment.clock.advance(5000);
      expect([a.says().state, owners(a, b), b.silent(VIP) === undefined]).toEqual(['MASTER', 'X.', isForeign]);
    }
  });

  it('that hands over to a speaker that is no director of ours is in its way until that one speaks, and no longer', () => {
    const segment = new Segment();
    const speakers = instance().speakers.slice(0, 1);
    const a = segment.host(
      'a',
      '10.9.0.1',
      configuration([instance({ speakers, foreignPeers: [address('10.9.0.2')] })]),
    );
    segment.clock.advance(5000);
    const b = segment.host('b', '10.9.0.2', configuration([instance()]));
    segment.clock.advance(2000);
    a.loop.take(YIELD);
    expect(owners(a, b)).toBe('X.');
    segment.clock.advance(610);
    expect([owners(a, b), a.silent(VIP)]).toEqual(['.X', undefined]);
  });
});

describe('a stop for good', () => {
  it('waits for the successor, and leaves the rest to the kernel for a minute', async () => {
    const { segment, a, b } = elected();
    let isOver = false;
    const stopped = a.loop.stop(true).then(() => {
      isOver = true;
    });
    segment.clock.advance(600);
    await Promise.resolve();
    expect([isOver, owners(a, b)]).toEqual([false, 'X.']);
    segment.clock.advance(10);
    await stopped;
    expect([owners(a, b), a.silent(VIP), b.says().state]).toEqual(['.X', 60, 'MASTER']);
    segment.clock.advance(60_000);
    expect(a.silent(VIP)).toBeUndefined();
  });

  it('waits 5 s at most when nobody takes it, and then lets go', async () => {
    const { segment, a, b } = elected({ advertIntervalMs: 5000 }, 30_000);
    segment.lan.cut.add('b');
    const stopped = a.loop.stop(true);
    segment.clock.advance(4999);
    expect(a.has(VIP)).toBe(true);
    segment.clock.advance(1);
    await stopped;
    expect([a.has(VIP), a.silent(VIP), b.has(VIP)]).toEqual([false, undefined, false]);
  });

  it('of a lame duck shortens its time', async () => {
    const { segment, a } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(2000);
    await a.loop.stop(true);
    expect(a.silent(VIP)).toBe(60);
  });

  it('goes on to the end whatever configuration comes meanwhile', async () => {
    const { segment, a, b } = elected();
    const stopped = a.loop.stop(true);
    a.loop.configure(configuration([]), 'a');
    segment.clock.advance(700);
    await stopped;
    expect(owners(a, b)).toBe('.X');
  });
});

describe('a restart', () => {
  it('of a lame duck finds its silent addresses, and ends them in time', () => {
    const { segment, a, b } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(10_000);
    void a.loop.stop(false);
    const again = segment.host('a', '10.9.0.1', configuration([instance()]), a.kernel);
    expect(again.says()).toMatchObject({ state: 'BACKUP', lameDuckUntil: expect.any(Number) });
    again.loop.take({ type: 'end-lame-duck', instance: 'public' });
    expect([again.silent(VIP), owners(again, b)]).toEqual([undefined, '.X']);
  });

  it('of one that hands over goes on as MASTER: nobody has taken it yet', () => {
    const { segment, a, b } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(100);
    void a.loop.stop(false);
    const again = segment.host('a', '10.9.0.1', configuration([instance()]), a.kernel);
    segment.clock.advance(5000);
    expect([again.says().state, b.says().state]).toEqual(['MASTER', 'BACKUP']);
  });
});

describe('an address that a realserver has on the loopback of the same host for ever', () => {
  it('stays there, with its lifetime, before and after', () => {
    const { segment, a } = elected();
    a.kernel.add({ interface: 'lo', address: address(VIP), prefixLength: 32, scope: 'global', label: null, broadcast: null, validSeconds: null }); // biome-ignore format: short
    a.loop.take(YIELD);
    segment.clock.advance(2000);
    a.loop.take({ type: 'end-lame-duck', instance: 'public' });
    const left = a.kernel.addresses().filter((one) => one.address === VIP);
    expect(left).toMatchObject([{ ifindex: 1, validSeconds: null }]);
  });
});

describe('the successor', () => {
  it('waits for its supervisor to have prepared the relay', () => {
    const { segment, a, b } = elected();
    b.isSupervised = true;
    a.loop.take(YIELD);
    expect(b.news.at(-1)).toEqual({ type: 'relay', instance: 'public', to: '10.9.0.1' });
    segment.clock.advance(900);
    expect([owners(a, b), b.says().state]).toEqual(['X.', 'BACKUP']);
    b.loop.take(READY);
    segment.clock.advance(0);
    expect([owners(a, b), b.says()]).toMatchObject(['.X', { state: 'MASTER', cause: '10.9.0.1 hands over' }]);
  });

  it('asks also when priority 0 is the first that it hears', () => {
    const segment = new Segment();
    const config = configuration([instance()]);
    const a = segment.host('a', '10.9.0.1', config);
    segment.clock.advance(5000);
    const b = segment.host('b', '10.9.0.2', config);
    b.isSupervised = true;
    a.loop.take(YIELD);
    expect(b.news.at(-1)).toEqual({ type: 'relay', instance: 'public', to: '10.9.0.1' });
    segment.clock.advance(2900);
    expect(owners(a, b)).toBe('X.');
  });

  it('asks once, however often priority 0 is said, and gives up waiting after three seconds', () => {
    const { segment, a, b } = elected({ advertIntervalMs: 100 });
    b.isSupervised = true;
    a.loop.take(YIELD);
    segment.clock.advance(2999);
    expect(owners(a, b)).toBe('X.');
    segment.clock.advance(1);
    expect(owners(a, b)).toBe('.X');
    expect(b.news.filter(({ type }) => type === 'relay').length).toBe(1);
  });

  it('announces once more when the other has fallen silent', () => {
    const { segment, a, b } = elected();
    a.loop.take(YIELD);
    segment.clock.advance(700);
    const before = b.frames.frames.length;
    segment.clock.advance(250);
    expect(b.frames.frames.length).toBe(before + 1);
  });

  it('is the one that is not held', () => {
    const segment = new Segment();
    const speakers = ['a', 'b', 'c'].map((director, index) => ({
      director,
      interface: 'eth1',
      source: address(`10.9.0.${index + 1}`),
      priority: 110 - index * 10,
    }));
    const config = configuration([instance({ speakers })]);
    const [a, b, c] = ['a', 'b', 'c'].map((name, index) => segment.host(name, `10.9.0.${index + 1}`, config));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three hosts');
    segment.clock.advance(5000);
    const untilMs = segment.clock.now() + 15_000;
    b.loop.take({ type: 'holds', holds: [{ instance: 'public', reason: 'c takes it', untilMs, endsAlone: false }] });
    a.loop.take(YIELD);
    segment.clock.advance(700);
    expect([owners(a, b, c), b.says().waitingFor]).toEqual(['..X', 'c takes it']);
    segment.clock.advance(20_000);
    expect([owners(a, b, c), b.says().waitingFor]).toEqual(['..X', null]);
  });
});

describe('whatever is lost or late on the way', () => {
  const track = { ...instance().track, scripts: [{ name: 'x', weight: -50 }] };
  const script = (x: 'up' | 'down') => ({ type: 'tracking', scripts: { x }, services: {} }) as const;
  const ACTS: Readonly<Record<string, (a: Host, b: Host) => void>> = {
    nothing: () => undefined,
    'yield a': (a) => a.loop.take(YIELD),
    'yield b': (_a, b) => b.loop.take(YIELD),
    'relay ready': (_a, b) => b.loop.take(READY),
    'script down': (a) => a.loop.take(script('down')),
    'script up': (a) => a.loop.take(script('up')),
  };
  const turn = fc.record({
    advanceMs: fc.integer({ min: 0, max: 700 }),
    cut: fc.subarray(['a', 'b']),
    act: fc.constantFrom(...Object.values(ACTS)),
  });

  it('somebody has the address at every moment of a hand-over', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(turn, { maxLength: 30 }), (isSupervised, turns) => {
        const { segment, a, b } = elected({ track, advertIntervalMs: 200 }, 15_000);
        b.isSupervised = isSupervised;
        for (const { advanceMs, cut, act } of turns) {
          segment.lan.cut.clear();
          for (const name of cut) segment.lan.cut.add(name);
          act(a, b);
          for (let passed = 0; passed < advanceMs; passed += 10) {
            segment.clock.advance(10);
            expect(owners(a, b)).not.toBe('..');
          }
        }
      }),
    );
  });
});
