/** Directors that sign, on an imagined segment: who is believed, and that no clock silences anybody. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import type { SentPacket } from '../../../src/kernel/fake-vrrp-socket.ts';
import { type RecordingLine, recordingWriter } from '../../../src/vrrp/recording.ts';
import type { Address } from '../../../src/wire/address.ts';
import { type Advertisement, encodeAdvertisement } from '../../../src/wire/vrrp.ts';
import { trailerOf } from '../../../src/wire/vrrp-hmac.ts';
import { address, instance6 } from '../../vrrp/configuration.ts';
import { firstDifference, readRecording } from '../../vrrp/replay.ts';
import { Segment } from './segment.ts';
import { Director, elected, hmac, type Pair } from './signers.ts';

const TRAILER = 28;
const VIP = '10.9.0.100';

/** Sends to b as if it were a. */
function forger(segment: Segment, source = '10.9.0.1'): (payload: Uint8Array) => void {
  const options = {
    interface: 'eth1',
    family: 4,
    source: address(source),
    transport: 'unicast',
    group: address('224.0.0.18'),
  } as const;
  const socket = segment.lan.host('stranger').open(options, { onPacket: () => {}, onError: () => {} });
  return (payload) => {
    expect(socket.send(payload, address('10.9.0.2'))).toBeUndefined();
    expect(socket.send(payload, address('10.9.0.1'))).toBeUndefined();
  };
}

const advert = (more: Partial<Advertisement> = {}): Advertisement => ({
  version: 3,
  vrid: 51,
  priority: 255,
  addresses: [address(VIP)],
  advertIntervalMs: 1000,
  authentication: null,
  ...more,
});

const of = (host: string, { segment }: Pick<Pair, 'segment'>): SentPacket[] =>
  segment.lan.sent.filter((packet) => packet.host === host);

describe('two directors that sign', () => {
  it.each<[string, Partial<InstanceConfig>, number]>([
    ['IPv4 by unicast', {}, 12],
    ['IPv4 by multicast', { transport: 'multicast' }, 12],
    ['IPv4, plain checksum', { checksum: 'plain' }, 12],
    ['version 2', { version: 2 }, 20],
    ['IPv6 by unicast', instance6(), 24],
    ['IPv6 by multicast', instance6({ transport: 'multicast' }), 24],
  ])('%s: one is MASTER, and every packet has a trailer', (_name, more, length) => {
    const { segment, b } = elected({ ...more, ...hmac() });
    segment.clock.advance(60_000);
    expect(b.state).toBe('BACKUP');
    expect(b.dropped).toEqual({});
    expect(new Set(segment.lan.sent.map(({ payload }) => payload.length))).toEqual(new Set([length + TRAILER]));
    expect(b.host.says().hmac).toEqual({ mode: 'enforce', keyId: 7, signsWith: 7, agreed: true, settled: true, formerAt: null }); // biome-ignore format: short
  });

  it('one that gives the role away signs that, too', () => {
    const { segment, a, b } = elected();
    void a.host.loop.stop(true);
    segment.clock.advance(700);
    expect(b.state).toBe('MASTER');
  });

  it('another key of the same number, and one of another, are told apart; each hears nobody', () => {
    for (const [key, reason] of [
      [`7 hex:${'aa'.repeat(32)}`, 'hmac-wrong'],
      [`8 hex:${'0f'.repeat(32)}`, 'hmac-unknown-key'],
    ] as const) {
      // biome-ignore format: short
      const segment = new Segment();
      new Director(segment, 'a', '10.9.0.1', hmac());
      const b = new Director(segment, 'b', '10.9.0.2', hmac('enforce', key));
      segment.clock.advance(10_000);
      expect(b.state).toBe('MASTER');
      expect(b.dropped[reason]).toBeGreaterThan(3);
    }
  });

  it('one that does not sign drops what is signed, as too long', () => {
    const segment = new Segment();
    new Director(segment, 'a', '10.9.0.1', hmac());
    const b = new Director(segment, 'b', '10.9.0.2', {});
    segment.clock.advance(10_000);
    expect(b.dropped['length']).toBeGreaterThan(3);
    expect(b.host.says().hmac).toBeNull();
  });

  it.each<[string, 'receive' | 'permissive' | 'enforce', boolean, boolean]>([
    ['receive', 'receive', false, true],
    ['permissive', 'permissive', true, true],
    ['enforce', 'enforce', true, false],
  ])('%s', (_name, mode, signs, believes) => {
    const pair = elected(hmac(mode));
    expect(of('a', pair).every(({ payload }) => (payload.length === 12 + TRAILER) === signs)).toBe(true);
    forger(pair.segment)(encodeAdvertisement(advert({ priority: 0 }), 'plain', { source: address('10.9.0.1'), destination: address('10.9.0.2') })); // biome-ignore format: short
    expect(pair.b.dropped['hmac-missing'] ?? 0).toBe(believes ? 0 : 1);
  });
});

describe('an enemy without the key', () => {
  it('that says priority 255, unsigned or with a trailer of its own making, changes nothing', () => {
    const { segment, a, b } = elected();
    const send = forger(segment, '10.9.0.2');
    const sendAsA = forger(segment);
    const wrong = (source: Address) => (message: Uint8Array) =>
      trailerOf(message, { source, keyId: 7, key: new Uint8Array(32), sequence: 0x6553f10000000000n }, (key, bytes) =>
        createHmac('sha256', key).update(bytes).digest(),
      );
    for (let count = 0; count < 20; count++) {
      for (const [source, forge] of [
        [address('10.9.0.2'), send],
        [address('10.9.0.1'), sendAsA],
      ] as const) {
        // biome-ignore format: short
        for (const priority of [0, 255]) {
          const endpoints = { source, destination: source === '10.9.0.1' ? address('10.9.0.2') : address('10.9.0.1') };
          forge(encodeAdvertisement(advert({ priority }), 'pseudo-header', endpoints));
          forge(encodeAdvertisement(advert({ priority }), 'pseudo-header', endpoints, wrong(source)));
        }
      }
      segment.clock.advance(1000);
    }
    expect([a.state, b.state, b.host.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
    expect(a.dropped).toMatchObject({ 'hmac-missing': 40, 'hmac-wrong': 40 });
    expect(b.dropped).toMatchObject({ 'hmac-missing': 40, 'hmac-wrong': 40 });
    expect(b.host.lines.filter((line) => line.includes('packets are dropped: hmac-missing')).length).toBe(1);
  });

  it('that repeats all a dead MASTER ever said, neither keeps its successor waiting nor disturbs it', () => {
    const pair = elected();
    const { segment, b } = pair;
    segment.clock.advance(30_000);
    const recorded = of('a', pair).map(({ payload }) => payload);
    segment.lan.cut.add('a');
    const send = forger(segment);
    for (let index = 0; index < 40; index++) {
      send(recorded[index % recorded.length]!);
      segment.clock.advance(100);
    }
    expect(b.state).toBe('MASTER');
    for (const payload of recorded) send(payload);
    segment.clock.advance(10_000);
    expect([b.state, b.host.transitions.length]).toEqual(['MASTER', 2]);
    expect(b.dropped['hmac-replayed']).toBeGreaterThan(40);
  });

  it('that repeats it to one that has just started is heard no longer than its recording lasts', () => {
    const pair = elected();
    const { segment, b } = pair;
    segment.clock.advance(600_000);
    const recorded = of('a', pair).slice(0, 20).map(({ payload }) => payload); // biome-ignore format: short
    segment.lan.cut.add('a');
    b.restart(hmac(), 'another');
    const send = forger(segment);
    for (let second = 0; second < 60 && b.state === 'BACKUP'; second++) {
      send(recorded[second % recorded.length]!);
      segment.clock.advance(1000);
    }
    expect(b.state).toBe('MASTER');
    expect(b.dropped['hmac-stale']).toBeGreaterThanOrEqual(20);
  });
});

describe('clocks', () => {
  const STEPS = [
    -86_400_000,
    -3_600_000,
    -60_000,
    -10_000,
    -2_000,
    -300,
    300,
    2_000,
    10_000,
    3_600_000,
    40 * 365 * 86_400_000,
  ];

  it.each(STEPS)("the MASTER's is set by %d ms, and nobody notices", (step) => {
    const { segment, a, b } = elected();
    a.wallOffsetMs += step;
    for (let minute = 0; minute < 10; minute++) segment.clock.advance(60_000);
    expect([a.state, b.state, b.host.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
    expect(b.dropped).toEqual({});
  });

  it.each(STEPS)("the BACKUP's is set by %d ms, and nobody notices; it takes over, and is heard", (step) => {
    const { segment, a, b } = elected();
    b.wallOffsetMs += step;
    segment.clock.advance(600_000);
    expect([a.state, b.state, b.host.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
    a.host.loop.take({ type: 'yield', instance: 'public' });
    segment.clock.advance(60_000);
    expect([a.state, b.state]).toEqual(['BACKUP', 'MASTER']);
  });

  it.each(STEPS)("the MASTER's is set by %d ms while its process restarts, again and again", (step) => {
    const { segment, a, b } = elected();
    segment.clock.advance(30_000);
    for (let count = 0; count < 5; count++) {
      a.wallOffsetMs += step / 5;
      a.restart(hmac());
      segment.clock.advance(1500);
    }
    segment.clock.advance(60_000);
    expect([a.state, b.state, b.host.transitions.length]).toEqual(['MASTER', 'BACKUP', 1]);
  });

  it.each(STEPS)("the BACKUP's is set by %d ms while its process restarts", (step) => {
    const { segment, a, b } = elected();
    segment.clock.advance(30_000);
    b.wallOffsetMs += step;
    b.restart(hmac());
    segment.clock.advance(60_000);
    expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
    expect(b.dropped).toEqual({});
  });

  it.each(STEPS)(
    'a director boots with a clock that is off by %d ms: it does not become a second MASTER, and takes over from a dead one',
    (step) => {
      const { segment, a, b } = elected();
      segment.clock.advance(30_000);
      b.wallOffsetMs = step;
      b.restart(hmac(), 'another');
      segment.clock.advance(600_000);
      expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
      segment.lan.cut.add('a');
      segment.clock.advance(4000);
      expect(b.state).toBe('MASTER');
    },
  );

  it('of a MASTER that booted a day and more ahead comes back in step, and is followed', () => {
    const segment = new Segment();
    const a = new Director(segment, 'a', '10.9.0.1', hmac(), 40 * 365 * 86_400_000);
    const b = new Director(segment, 'b', '10.9.0.2', hmac());
    segment.clock.advance(10_000);
    expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
    a.wallOffsetMs = 0;
    segment.clock.advance(60_000);
    expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
    expect(b.host.says()).toMatchObject({ master: '10.9.0.1' });
  });

  it('half a window apart are told, once', () => {
    const segment = new Segment();
    new Director(segment, 'a', '10.9.0.1', hmac(), 3000);
    const b = new Director(segment, 'b', '10.9.0.2', hmac());
    segment.clock.advance(30_000);
    expect(b.state).toBe('BACKUP');
    expect(b.host.lines.filter((line) => line.includes('its clock is more than 2.5 s ahead of ours')).length).toBe(1);
  });
});

describe('a recording of directors that sign', () => {
  it('has no key in it, and replays bit for bit, also where one waits because of a clock', () => {
    const segment = new Segment();
    const a = new Director(segment, 'a', '10.9.0.1', hmac(), 3_600_000);
    const b = new Director(segment, 'b', '10.9.0.2', hmac());
    const write = recordingWriter();
    const recordings = [a, b].map(({ host }) => {
      const lines: string[] = [];
      const put = (line: RecordingLine): number => lines.push(write(line));
      host.loop.witness((router, atMs) => {
        put({ type: 'start', format: 1, atMs, router });
        return { step: (event, effects, at) => put({ type: 'step', atMs: at, event, effects }) };
      });
      return { host, lines, put };
    });
    segment.clock.advance(60_000);
    b.configure(hmac('enforce', `9 hex:${'a5'.repeat(32)}`));
    segment.clock.advance(60_000);
    expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
    for (const { host, lines, put } of recordings) {
      host.loop.dismiss((router, atMs) => put({ type: 'end', atMs, reason: 'asked', router }));
      expect(lines.join('')).not.toMatch(/0f0f|a5a5/);
      expect(firstDifference(readRecording(lines.join('')))).toBeUndefined();
    }
    expect(recordings[1]?.lines.join('')).toContain('"isAlive":true');
  });
});
