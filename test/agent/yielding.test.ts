/** Two directors that see services differently: who is left to whom, whatever they see and in whatever order they hear of it. */
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import type { Heard, Peer } from '../../src/agent/exchange/peers.ts';
import { seerAmong } from '../../src/agent/exchange/sight.ts';
import { Journal } from '../../src/agent/journal.ts';
import { Yielding } from '../../src/agent/yielding.ts';
import type { Vision } from '../../src/health/vision.ts';
import { FakeClock } from '../../src/kernel/fake-clock.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { storedConfig, webTopology } from './config.ts';
import { instanceReport } from './instance-report.ts';

const VIP = '10.77.1.100';
/** Looks, one a second: what others say counts for three. */
const FOUND_AFTER = 4;

class Pair {
  readonly clock = new FakeClock(1_000_000);
  readonly lb1: Director = new Director(this.clock, 'lb1', () => this.lb2);
  readonly lb2: Director = new Director(this.clock, 'lb2', () => this.lb1);
  readonly both = [this.lb1, this.lb2] as const;

  constructor() {
    this.lb1.state = 'MASTER';
    this.second();
    this.second();
  }

  /** Each tells what it sees, and judges. */
  second(isLost = false): void {
    this.clock.advance(1_000);
    for (const one of this.both) if (!isLost) one.tell();
    for (const one of this.both) one.yielding.judge();
  }

  seconds(count: number): void {
    for (let second = 0; second < count; second++) this.second();
  }

  /** Whoever was told to yield does so, to the other one, if that is not held. */
  handOver(): void {
    const [giver, taker] = this.lb1.state === 'MASTER' ? [this.lb1, this.lb2] : [this.lb2, this.lb1];
    const isHeld = taker.yielding.left.length > 0;
    if (giver.asked && !isHeld) [giver.state, taker.state] = ['BACKUP', 'MASTER'];
    for (const one of this.both) one.asked = false;
  }
}

class Director {
  sees: Vision = 'well';
  state: 'MASTER' | 'BACKUP' = 'BACKUP';
  /** To yield. */
  asked = false;
  yields = 0;
  /** Of an earlier release, it says nothing of what it sees. */
  isOld = false;
  readonly lines: string[] = [];
  readonly yielding: Yielding;
  #heard: Heard | null = null;
  #failed = 0;
  readonly #clock: FakeClock;
  readonly #other: () => Director;

  constructor(clock: FakeClock, self: 'lb1' | 'lb2', other: () => Director) {
    const stored = storedConfig(webTopology({ ports: [1, 2] }), { self });
    this.#clock = clock;
    this.#other = other;
    this.yielding = new Yielding({
      clock,
      journal: new Journal(
        (line) => this.lines.push(line),
        () => clock.wall(),
      ),
      stored: () => stored,
      visions: () => new Map([['http', this.sees]]),
      seer: (asked) => seerAmong([this.#peer(self === 'lb1' ? 'lb2' : 'lb1')], asked, clock.now()),
      reports: () => [instanceReport({ name: 'public', state: this.state })],
      onSight: () => {},
      send: () => {
        this.asked = true;
        this.yields++;
        return true;
      },
    });
  }

  /** What fails was seen to fail for a while before it counts (src/health/vision.ts). */
  look(wish: Vision): void {
    this.#failed = wish === 'failing' ? this.#failed + 1 : 0;
    this.sees = wish === 'failing' && this.#failed <= FOUND_AFTER ? 'poor' : wish;
  }

  tell(change: Partial<Heard> = {}): void {
    const rest = { hash: 'hash-1', digest: '', generation: 1, startedAt: 1, counter: 1, sentAt: 1, masters: [] };
    const blind = this.isOld ? null : this.yielding.blind;
    this.#other().#heard = { ...rest, blind, atMs: this.#clock.now(), ...change };
  }

  #peer(director: string): Peer {
    return { director, address: parseAddress('10.77.1.12')!, refused: null, heard: this.#heard };
  }
}

describe('the director that sees less', () => {
  it('yields to the one that sees more, and does not take the role again while that is so', () => {
    const pair = new Pair();
    const { lb1, lb2 } = pair;
    lb1.sees = 'failing';
    pair.seconds(2);
    expect([lb1.asked, lb1.yielding.left, lb2.asked, lb2.yielding.left]).toMatchObject([
      true,
      [{ instance: 'public', reason: 'sight of http, which lb2 has' }],
      false,
      [],
    ]);
    expect(lb1.lines.join()).toContain('public is left to lb2, which sees more');
    pair.handOver();
    pair.seconds(60);
    expect([lb1.yields, lb2.yields, lb1.yielding.left.length]).toEqual([1, 0, 1]);
    lb1.sees = 'well';
    pair.second();
    expect(lb1.yielding.left).toEqual([]);
  });

  it('stays where the other one sees no more, says nothing of it, has another configuration or is silent', () => {
    const stays = (change: (pair: Pair) => void, tell: Partial<Heard> = {}): number => {
      const pair = new Pair();
      change(pair);
      for (let second = 0; second < 30; second++) {
        pair.clock.advance(1_000);
        pair.lb2.yielding.judge();
        pair.lb2.tell(tell);
        pair.lb1.sees = 'failing';
        pair.lb1.yielding.judge();
      }
      return pair.lb1.yields;
    };
    expect(stays(() => {})).toBe(1);
    expect(stays(({ lb2 }) => void Object.assign(lb2, { sees: 'failing' }))).toBe(0);
    expect(stays(({ lb2 }) => void Object.assign(lb2, { sees: 'poor' }))).toBe(0);
    expect(stays(({ lb2 }) => void Object.assign(lb2, { isOld: true }))).toBe(0);
    expect(stays(() => {}, { generation: 2 })).toBe(0);
    expect(stays(() => {}, { hash: 'another' })).toBe(0);
    expect(stays(() => {}, { atMs: 0 })).toBe(0);
    expect(stays(() => {}, { blind: [VIP] })).toBe(0);
    expect(stays(({ lb1 }) => void Object.assign(lb1, { state: 'BACKUP' }))).toBe(0);
  });

  it('never yields together with the other one, nor often, whatever they see', () => {
    const look = fc.record({
      lb1: fc.constantFrom<Vision>('well', 'poor', 'failing', 'failing'),
      lb2: fc.constantFrom<Vision>('well', 'poor', 'failing', 'failing'),
      seconds: fc.integer({ min: 1, max: 20 }),
      isLost: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const pair = new Pair();
        let passedMs = 0;
        for (const { lb1, lb2, seconds, isLost } of looks) {
          for (let second = 0; second < seconds; second++) {
            passedMs += 1_000;
            pair.lb1.look(lb1);
            pair.lb2.look(lb2);
            pair.second(isLost && second % 3 > 0);
            expect(pair.lb1.asked && pair.lb2.asked).toBe(false);
            expect(pair.both.filter(({ yielding }) => yielding.left.length > 0).length).toBeLessThan(2);
            pair.handOver();
          }
        }
        for (const { yields } of pair.both) expect(yields).toBeLessThanOrEqual(1 + passedMs / 300_000);
      }),
      { numRuns: inject('soak') ? 5_000 : 200, seed: inject('seed') },
    );
  });
});
