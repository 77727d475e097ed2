import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../src/wire/cursor.ts';
import {
  decodeExchange,
  type ExchangeEntry,
  type ExchangeMessage,
  encodeEntry,
  encodeExchange,
} from '../../src/wire/exchange.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

const drain: ExchangeEntry = {
  realserver: 'web1',
  service: null,
  weight: 0,
  owner: 'ann',
  reason: 'é',
  since: 256,
  until: null,
};
const message: ExchangeMessage = {
  cluster: 'shop',
  director: 'lb1',
  startedAt: 1,
  counter: 2,
  sentAt: 0x0100_0000_0000,
  generation: 7,
  hash: 'f0',
  digest: 'd1',
  masters: ['10.0.0.1'],
  blind: null,
  entries: [drain, { ...drain, service: 'http', weight: null, reason: null, until: 512 }],
};
/** Written by hand from the header's picture. */
const WRITTEN = `4c565358 01 01 0002
  0000000000000001 0000000000000002 0000010000000000 0000000000000007
  0004 73686f70  0003 6c6231  0002 6630  0002 6431  0008 31302e302e302e31
  06 0000000000000100 0000000000000000 00000000 0004 77656231 0000 0003 616e6e 0002 c3a9
  09 0000000000000100 0000000000000200 00000000 0004 77656231 0004 68747470 0003 616e6e 0000`;

describe('the exchange between directors', () => {
  it('is written as its picture says', () => {
    expect(hex(encodeExchange(message))).toBe(hex(bytesOf(WRITTEN)));
  });

  it('is read back, whatever a later release puts behind it', () => {
    expect(decodeExchange(bytesOf(WRITTEN))).toEqual(message);
    expect(decodeExchange(bytesOf(`${WRITTEN} 0badcafe`))).toEqual(message);
  });

  it('says what its sender does not see well, after what only a later release knows, too', () => {
    const told = `01 000a 0008 31302e302e302e31`;
    const blind = ['10.0.0.1'];
    expect(hex(encodeExchange({ ...message, blind }))).toBe(hex(bytesOf(WRITTEN + told)));
    expect(decodeExchange(bytesOf(`${WRITTEN} 07 0002 ffff ${told} 09 0001 00`))).toEqual({ ...message, blind });
    expect(decodeExchange(encodeExchange({ ...message, blind: [] })).blind).toEqual([]);
    expect(() => decodeExchange(bytesOf(`${WRITTEN} 01 0003 0008 31`))).toThrow(MalformedError);
  });

  it.each([
    ['nothing', ''],
    ['another protocol', WRITTEN.replace('4c565358', '4c565359')],
    ['a later version', WRITTEN.replace(' 01 01 ', ' 02 01 ')],
    ['more entries than there are', WRITTEN.replace('0002\n', '0003\n')],
    ['a text longer than the rest', WRITTEN.replace('0003 616e6e 0000', '0003 616e6e 0001')],
    ['a number beyond 2^53', WRITTEN.replace('0000000000000007', '8000000000000007')],
    ['a text that is not UTF-8', WRITTEN.replace('c3a9', 'c3c3')],
  ])('refuses %s', (_what, text) => {
    expect(() => decodeExchange(bytesOf(text))).toThrow(MalformedError);
  });

  it('refuses to write a text that does not fit', () => {
    expect(() => encodeEntry({ ...drain, owner: 'x'.repeat(65_536) })).toThrow(RangeError);
  });

  const whole = fc.maxSafeNat();
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const entry = fc.record({
    realserver: text,
    service: fc.option(text),
    weight: fc.option(fc.nat(2 ** 31 - 1)),
    owner: text,
    reason: fc.option(text),
    since: whole,
    until: fc.option(whole),
  });
  const any: fc.Arbitrary<ExchangeMessage> = fc.record({
    cluster: text,
    director: text,
    startedAt: whole,
    counter: whole,
    sentAt: whole,
    generation: whole,
    hash: text,
    digest: text,
    masters: fc.array(text, { maxLength: 3 }),
    blind: fc.option(fc.array(text, { maxLength: 3 })),
    entries: fc.array(entry, { maxLength: 4 }),
  });

  it('reads back any message', () => {
    fc.assert(
      fc.property(any, (one) => {
        expect(decodeExchange(encodeExchange(one))).toEqual(one);
      }),
    );
  });

  it('says MalformedError, and nothing else, of anything cut off or random', () => {
    const judge = (bytes: Uint8Array): void => {
      try {
        decodeExchange(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    };
    const whole_ = encodeExchange(message);
    for (let length = 0; length < whole_.length; length++) {
      expect(() => decodeExchange(whole_.subarray(0, length))).toThrow(MalformedError);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), judge), { numRuns: 5_000 });
    fc.assert(
      fc.property(any, fc.nat(), fc.nat(255), (one, at, value) => {
        const bytes = encodeExchange(one);
        bytes[at % bytes.length] = value;
        judge(bytes);
      }),
      { numRuns: 5_000 },
    );
  });
});
