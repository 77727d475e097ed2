import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { freshnessOf, type Sender, senderFrom, setBackMs } from '../../src/vrrp/freshness.ts';
import { aheadMs, following, isAfter, sequenceAt } from '../../src/vrrp/sequence.ts';
import { nextSequence, type SigningClock } from '../../src/vrrp/signing-clock.ts';

const SOAK_MS = 300_000;
const WALL = 1_795_000_000_000;
const TOLERANCE = { windowMs: 5_000, intervalMs: 1_000, setBackMs: setBackMs(true, 5_000) };
const at = (ms: number) => ({ nowMs: ms, wallMs: WALL + ms });

function verdict(sender: Sender | undefined, sequence: bigint, ms = 0): string {
  const judged = freshnessOf(sender, sequence, at(ms), TOLERANCE);
  if (judged.fresh) return 'fresh';
  return `${judged.reason}${judged.isAlive ? ', alive' : ''}`;
}
/** Known by one advertisement of its own time, at 0. */
function known(aheadByMs = 0): Sender {
  const sequence = sequenceAt(WALL + aheadByMs);
  const { sender } = freshnessOf(senderFrom(WALL + aheadByMs - 1, 0), sequence, at(0), TOLERANCE);
  return sender!;
}

describe('a sequence', () => {
  it('is seconds, fraction and counter, and wraps without anybody noticing', () => {
    expect(sequenceAt(1_500)).toBe(0x0000_0001_8000_0000n);
    const last = 2n ** 64n - 1n;
    expect([following(last), isAfter(following(last), last), isAfter(last, following(last))]).toEqual([
      0n,
      true,
      false,
    ]);
    expect(aheadMs(sequenceAt(2 ** 32 * 1000 + 2_000), 2 ** 32 * 1000 - 1_000)).toBeCloseTo(3_000, 0);
  });

  it('tells how far it is ahead, within a tick', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: -1e9, max: 1e9 }), (ms, by) => {
        expect(Math.abs(aheadMs(sequenceAt(ms + by), ms) - by)).toBeLessThan(0.05);
      }),
    );
  });
});

describe('an advertisement of somebody new', () => {
  it.each([
    [0, 'fresh'],
    [4_999, 'fresh'],
    [-4_999, 'fresh'],
    [5_001, 'hmac-stale, alive'],
    [-5_001, 'hmac-stale, alive'],
    [3_600_000, 'hmac-stale, alive'],
  ])('%d ms ahead of our wall clock is %s', (ahead, expected) => {
    expect(verdict(undefined, sequenceAt(WALL + ahead))).toBe(expected);
  });

  it('that is of another time keeps somebody alive once only', () => {
    const sequence = sequenceAt(WALL - 60_000);
    const { sender } = freshnessOf(undefined, sequence, at(0), TOLERANCE);
    expect(verdict(sender, sequence)).toBe('hmac-stale');
    expect(verdict(sender, following(sequence))).toBe('hmac-stale, alive');
    expect(verdict(sender, sequenceAt(WALL))).toBe('fresh');
  });
});

describe('an advertisement of somebody who is known', () => {
  it.each([
    ['the same again', sequenceAt(WALL), 0, 'hmac-replayed'],
    ['one before', sequenceAt(WALL) - 1n, 0, 'hmac-replayed'],
    ['the next', sequenceAt(WALL) + 1n, 0, 'fresh'],
    ['one of a second later, then', sequenceAt(WALL + 1_000), 1_000, 'fresh'],
    ['an old one, an hour later', sequenceAt(WALL), 3_600_000, 'hmac-replayed'],
    ['one that it kept for an hour', sequenceAt(WALL + 1), 3_600_000, 'hmac-stale, alive'],
  ])('%s', (_name, sequence, ms, expected) => {
    expect(verdict(known(), sequence, ms)).toBe(expected);
  });

  it('is followed by the monotonic clock, whatever our wall clock does', () => {
    const later = sequenceAt(WALL + 2_000);
    for (const wallMs of [WALL - 86_400_000, WALL, WALL + 86_400_000])
      expect(freshnessOf(known(), later, { nowMs: 2_000, wallMs }, TOLERANCE).fresh).toBe(true);
  });

  it('counts from today when its clock was far ahead and was set back, once it has stopped saying so', () => {
    const far = { ...known(), mark: sequenceAt(WALL + 86_400_000), offsetMs: WALL + 86_400_000 };
    expect(verdict(far, sequenceAt(WALL + 1_000), 1_000)).toBe('hmac-replayed');
    expect(verdict(far, sequenceAt(WALL + 1_500), 1_500)).toBe('fresh');
    const hour = { ...known(), mark: sequenceAt(WALL + 3_600_000), offsetMs: WALL + 3_600_000 };
    expect(verdict(hour, sequenceAt(WALL + 1_500), 1_500)).toBe('hmac-replayed');
  });

  it('is not believed again when another that was ahead is out of the window', () => {
    let sender: Sender | undefined;
    for (const ahead of [0, 1_501, 6_501]) {
      const judged = freshnessOf(sender, sequenceAt(WALL + ahead), at(0), TOLERANCE);
      expect(judged.fresh).toBe(true);
      sender = judged.sender;
    }
    expect(verdict(sender, sequenceAt(WALL), 1_500)).toBe('hmac-replayed');
  });

  it('that is keepalived counts from today as soon as what it said is out of the window', () => {
    const foreign = { ...TOLERANCE, setBackMs: setBackMs(false, TOLERANCE.windowMs) };
    const counts = (aheadBy: number): boolean =>
      freshnessOf(
        { ...known(), mark: sequenceAt(WALL + aheadBy), offsetMs: WALL + aheadBy },
        sequenceAt(WALL + 1_500),
        at(1_500),
        foreign,
      ).fresh;
    expect([counts(3_000), counts(6_000), counts(7_000)]).toEqual([false, false, true]);
  });

  it(
    'nothing is ever believed twice, in whatever order it comes and whenever',
    () => {
      const arrival = fc.record({
        sent: fc.integer({ min: -20_000, max: 20_000 }),
        afterMs: fc.integer({ min: 0, max: 3_000 }),
      });
      fc.assert(
        fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
          let [ms, sender] = [0, undefined as Sender | undefined];
          const believed = new Set<bigint>();
          for (const { sent, afterMs } of arrivals) {
            ms += afterMs;
            const sequence = sequenceAt(WALL + sent);
            const judged = freshnessOf(sender, sequence, at(ms), TOLERANCE);
            if (judged.fresh) expect(believed.has(sequence)).toBe(false);
            if (judged.fresh) believed.add(sequence);
            sender = judged.sender;
          }
        }),
        { numRuns: inject('soak') ? 100_000 : 3_000, seed: inject('seed') },
      );
    },
    SOAK_MS,
  );
});

/** One that sends and one that hears, each with a wall clock that can be set. */
class Pair {
  readonly #tolerance: typeof TOLERANCE;
  readonly #sent: bigint[] = [];
  #nowMs = 0;
  #walls: readonly [number, number] = [WALL, WALL];
  #clock: SigningClock | undefined;
  #sender: Sender | undefined;

  constructor(intervalMs: number) {
    this.#tolerance = { ...TOLERANCE, windowMs: Math.max(3 * intervalMs, 5_000), intervalMs };
  }

  /** From the first advertisement on: two that have never heard of each other need clocks that agree. */
  set(sender: number, receiver: number): void {
    if (this.#sender !== undefined) this.#walls = [this.#walls[0] + sender, this.#walls[1] + receiver];
  }

  send(): void {
    this.#nowMs += this.#tolerance.intervalMs;
    const moment = { nowMs: this.#nowMs, wallMs: this.#walls[0] + this.#nowMs };
    const next = nextSequence(this.#clock, moment, this.#tolerance.windowMs, true);
    this.#clock = next.clock;
    this.#sent.push(next.sequence);
  }

  /** The last one sent. @returns whether it counts */
  hear(): boolean {
    const moment = { nowMs: this.#nowMs, wallMs: this.#walls[1] + this.#nowMs };
    const judged = freshnessOf(this.#sender, this.#sent.at(-1)!, moment, this.#tolerance);
    this.#sender = judged.sender;
    return judged.fresh;
  }

  /** Another process in place of one of them, which knows what was kept. */
  restart(which: number): void {
    if (which === 0) this.#clock = { ...this.#clock!, last: null };
    if (which === 1) this.#sender = senderFrom(this.#sender!.offsetMs, this.#nowMs);
  }

  get grows(): boolean {
    return this.#sent.every((one, index) => index === 0 || isAfter(one, this.#sent[index - 1]!));
  }
}

describe('a sender and a receiver', () => {
  /** What happens to the two wall clocks between two advertisements; most of the time nothing. */
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -7_200_000, max: 7_200_000 }) },
  );
  const turn = fc.record({ sender: step, receiver: step, lost: fc.nat(2), restarts: fc.nat(9) });

  it(
    'go on whatever their clocks do, through restarts and with up to two advertisements lost in a row',
    () => {
      fc.assert(
        fc.property(fc.array(turn, { maxLength: 80 }), fc.integer({ min: 10, max: 10_000 }), (turns, intervalMs) => {
          const pair = new Pair(intervalMs);
          for (const one of turns) {
            pair.set(one.sender, one.receiver);
            for (let count = 0; count <= one.lost; count++) pair.send();
            expect(pair.hear()).toBe(true);
            pair.restart(one.restarts);
          }
          expect(pair.grows).toBe(true);
        }),
        { numRuns: inject('soak') ? 50_000 : 2_000, seed: inject('seed') },
      );
    },
    SOAK_MS,
  );

  it('of keepalived, which does not follow, is given up at once when it is out of the window', () => {
    const first = nextSequence(undefined, { nowMs: 0, wallMs: WALL + 60_000 }, 5_000, false);
    const next = nextSequence(first.clock, { nowMs: 1_000, wallMs: WALL + 1_000 }, 5_000, false);
    expect(aheadMs(next.sequence, WALL + 1_000)).toBeCloseTo(0, 0);
    const followed = nextSequence(first.clock, { nowMs: 1_000, wallMs: WALL + 1_000 }, 5_000, true);
    expect(aheadMs(followed.sequence, WALL + 60_500)).toBeCloseTo(0, 0);
  });

  it('that said nothing for a minute speaks of now', () => {
    const first = nextSequence(undefined, { nowMs: 0, wallMs: WALL }, 5_000, true);
    const next = nextSequence(first.clock, { nowMs: 61_000, wallMs: WALL + 3_600_000 }, 5_000, true);
    expect(aheadMs(next.sequence, WALL + 3_600_000)).toBeCloseTo(0, 0);
  });

  it('two in one moment are told apart by the counter', () => {
    const first = nextSequence(undefined, { nowMs: 0, wallMs: WALL }, 5_000, true);
    const next = nextSequence(first.clock, { nowMs: 0, wallMs: WALL }, 5_000, true);
    expect(next.sequence - first.sequence).toBe(1n);
  });
});
