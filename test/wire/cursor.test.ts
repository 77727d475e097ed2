import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { MalformedError, Reader, Writer } from '../../src/wire/cursor.ts';

describe('cursors', () => {
  it('writes network order by default and host order where said, growing from nothing', () => {
    const out = new Writer(0).u8(1).u16(0x0203).u32(0x0405_0607).u16Host(0x0203).u32Host(0x0405_0607).zeros(2);
    expect([...out.bytes(Uint8Array.of(9, 8)).done()]).toEqual([1, 2, 3, 4, 5, 6, 7, 3, 2, 7, 6, 5, 4, 0, 0, 9, 8]);
  });

  it('patches what was written before', () => {
    const out = new Writer(2).zeros(8).patchU16(0, 0x0102).patchU16Host(2, 0x0102).patchU32Host(4, 0x0102_0304);
    expect([...out.done()]).toEqual([1, 2, 2, 1, 4, 3, 2, 1]);
  });

  it('reads back what was written, also from the middle of a buffer', () => {
    fc.assert(
      fc.property(fc.nat(0xff), fc.nat(0xffff), fc.nat(0xffff_ffff), fc.uint8Array(), (byte, short, long, rest) => {
        const text = new Writer(1).u8(byte).u16(short).u32(long).u16Host(short).u32Host(long).bytes(rest).done();
        const input = new Reader(Uint8Array.of(7, 7, 7, ...text).subarray(3));
        expect([input.u8(), input.u16(), input.u32(), input.u16Host(), input.u32Host()]).toEqual([
          byte,
          short,
          long,
          short,
          long,
        ]);
        expect([...input.rest()]).toEqual([...rest]);
      }),
    );
  });

  it('reads 64 bits and signed numbers', () => {
    expect(new Reader(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0)).u64Host()).toBe(0x1_0000_0001);
    expect(new Reader(Uint8Array.of(254, 255, 255, 255)).i32Host()).toBe(-2);
  });

  it.each([
    ['u16', (input: Reader) => input.u16()],
    ['u32', (input: Reader) => input.u32()],
    ['u64Host', (input: Reader) => input.u64Host()],
    ['bytes', (input: Reader) => input.bytes(2)],
    ['a negative length', (input: Reader) => input.skip(-1)],
  ])('refuses to go beyond the end: %s', (_name, read) => {
    expect(() => read(new Reader(Uint8Array.of(1)))).toThrow(MalformedError);
  });
});

describe('Internet checksum', () => {
  it('is that of RFC 1071 section 3', () => {
    expect(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(~0xddf2 & 0xffff);
  });

  it('is that of a captured IPv4 header, which sums to 0 with it', () => {
    const header = Uint8Array.from(Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex'));
    expect(internetChecksum(header)).toBe(0);
    header.fill(0, 10, 12);
    expect(internetChecksum(header)).toBe(0xb861);
  });

  it('takes parts as one text and pads an odd end', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (left, right) => {
        const even = left.subarray(0, left.length & ~1);
        expect(internetChecksum(even, right)).toBe(internetChecksum(Uint8Array.of(...even, ...right)));
        expect(internetChecksum(even, right)).toBe(internetChecksum(even, right, new Uint8Array(1)));
      }),
    );
  });
});
