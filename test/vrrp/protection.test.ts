import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import {
  agreed,
  believed,
  isAgreed,
  isFormer,
  keyOf,
  type Protection,
  protectionOf,
  type Ring,
  ringFor,
  settled,
  signingKey,
} from '../../src/vrrp/protection.ts';
import { instance } from './configuration.ts';

const SOAK_MS = 300_000;

type Mode = 'receive' | 'permissive' | 'enforce';

const key = (number: number): string => `${number} hex:${'0a'.repeat(32)}`;
const protection = (number: number, mode: Mode = 'enforce'): Protection => ({ mode, key: key(number) });
const ring = (wanted: Protection): Ring => ringFor(undefined, wanted);

/** Whether one that sends as `sender` does is believed by `receiver`. */
function understands(receiver: Ring, sender: Ring): boolean {
  const signed = signingKey(sender);
  const all = believed(receiver);
  if (signed === null) return all.some((one) => one === null || one.mode !== 'enforce');
  return all.some((one) => keyOf(one)?.id === signed.id);
}

describe('a ring', () => {
  it('of an instance that is new does as it is told from the start', () => {
    const { sends, former } = ring(protection(1));
    expect([sends, former]).toEqual([protection(1), []]);
  });

  it('of the same configuration is the same', () => {
    const before = ringFor(ring(protection(1)), protection(2));
    expect(ringFor(before, protection(2))).toBe(before);
  });

  it('of another key sends as before and believes both; then sends the new one; then believes nothing else', () => {
    const changed = ringFor(ring(protection(1)), protection(2));
    expect([signingKey(changed)?.id, isAgreed(changed), believed(changed)]).toEqual([1, false, [protection(2), protection(1)]]); // biome-ignore format: short
    const all = agreed(changed);
    expect([signingKey(all)?.id, isAgreed(all), believed(all).length]).toEqual([2, true, 2]);
    expect(believed(settled(all))).toEqual([protection(2)]);
  });

  it('that goes back to what it was before others followed sends it all the time', () => {
    const back = ringFor(ringFor(ring(protection(1)), protection(2)), protection(1));
    expect([signingKey(back)?.id, isAgreed(back), back.former]).toEqual([1, true, [protection(2)]]);
  });

  it('signs only in modes that do', () => {
    const keys = [null, protection(5, 'receive'), protection(5, 'permissive'), protection(5)];
    expect(keys.map((one) => signingKey(ring(one))?.id ?? null)).toEqual([null, null, 5, 5]);
  });

  it('knows what is believed for the sake of the others only', () => {
    const [own, other] = [keyOf(protection(1)), keyOf({ mode: 'enforce', key: `1 hex:${'0b'.repeat(32)}` })];
    expect([isFormer(ring(protection(1)), own), isFormer(ring(protection(1)), other)]).toEqual([false, true]);
    expect([isFormer(ring(protection(1)), null), isFormer(ring(protection(1, 'permissive')), null)]).toEqual([true, false]); // biome-ignore format: short
    expect([isFormer(ring(null), own), isFormer(ring(null), null)]).toEqual([true, false]);
  });

  it('is of what the configuration says', () => {
    expect(protectionOf(instance())).toBeNull();
    const hmac = { key: { source: 'literal', value: key(3) }, mode: 'receive' } as const;
    expect(protectionOf(instance({ hmac }))).toEqual(protection(3, 'receive'));
  });
});

/** Three directors, what is wanted of them, and what each has heard of the others' configurations. */
class Directors {
  #generation = 1;
  #wanted: Protection;
  readonly #all: { generation: number; ring: Ring; readonly heard: number[] }[];

  constructor(first: Protection) {
    this.#wanted = first;
    this.#all = [0, 1, 2].map(() => ({ generation: 1, ring: ring(first), heard: [1, 1, 1] }));
  }

  topology(wanted: Protection): void {
    this.#generation += 1;
    this.#wanted = wanted;
  }

  install(who: number): void {
    const director = this.#all[who]!;
    director.ring = ringFor(director.ring, this.#wanted);
    director.generation = this.#generation;
    this.#judge(who);
  }

  hear(who: number, of: number): void {
    this.#all[who]!.heard[of] = this.#all[of]!.generation;
    this.#judge(who);
  }

  /** A minute in which all that all of them send is as wanted. */
  quiet(): void {
    if (!this.#all.every((one) => one.generation === this.#generation && isAgreed(one.ring))) return;
    for (const director of this.#all) director.ring = settled(director.ring);
  }

  get isUnderstood(): boolean {
    return this.#all.every((receiver) => this.#all.every((sender) => understands(receiver.ring, sender.ring)));
  }

  #judge(who: number): void {
    const one = this.#all[who]!;
    const all = one.heard.every((theirs, index) => index === who || theirs === one.generation);
    if (!isAgreed(one.ring) && all) one.ring = agreed(one.ring);
  }
}

/**
 * They get one configuration after another, in any order, with failures and changes of mind between; each hears now and then
 * which configuration another has. Whatever happens, each understands what each other sends.
 */
describe('directors that change one after another', () => {
  const wanted = fc.constantFrom(
    null,
    ...(['receive', 'permissive', 'enforce'] as const).flatMap((mode) => [protection(1, mode), protection(2, mode)]),
  );
  const who = fc.nat(2);
  const step = fc.oneof(
    { weight: 3, arbitrary: who.map((one) => (all: Directors) => all.install(one)) },
    {
      weight: 4,
      arbitrary: fc.tuple(who, who).map(
        ([one, of]) =>
          (all: Directors) =>
            all.hear(one, of),
      ),
    },
    { weight: 1, arbitrary: wanted.map((next) => (all: Directors) => all.topology(next)) },
    { weight: 2, arbitrary: fc.constant((all: Directors) => all.quiet()) },
  );

  it(
    'understand each other at every step',
    () => {
      fc.assert(
        fc.property(wanted, fc.array(step, { maxLength: 60 }), (first, steps) => {
          const directors = new Directors(first);
          for (const take of steps) {
            take(directors);
            expect(directors.isUnderstood).toBe(true);
          }
        }),
        { numRuns: inject('soak') ? 50_000 : 1_000, seed: inject('seed') },
      );
    },
    SOAK_MS,
  );
});
