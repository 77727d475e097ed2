import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { encodeEchoRequest, parseEchoReply } from '../../src/wire/icmp-echo.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const ECHO = { id: 0x1234, sequence: 2, payload: hex('6162') };

describe('an echo request', () => {
  it('is these bytes over IPv4, with its checksum, and over IPv6 without', () => {
    expect(encodeEchoRequest(4, ECHO)).toEqual(hex('0800 8467 1234 0002 6162'));
    expect(encodeEchoRequest(6, ECHO)).toEqual(hex('8000 0000 1234 0002 6162'));
  });

  it('has a checksum that a receiver computes as 0', () => {
    const echo = fc.record({
      id: fc.nat(0xffff),
      sequence: fc.nat(0xffff),
      payload: fc.uint8Array({ maxLength: 99 }),
    });
    fc.assert(
      fc.property(echo, (one) => {
        expect(internetChecksum(encodeEchoRequest(4, one))).toBe(0);
      }),
    );
  });
});

describe('an echo reply', () => {
  it('is read', () => {
    expect(parseEchoReply(4, hex('0000 8c67 1234 0002 6162'))).toEqual(ECHO);
    expect(parseEchoReply(6, hex('8100 ffff 1234 0002 6162'))).toEqual(ECHO);
  });

  it.each<[string, 4 | 6, string]>([
    ['nothing', 4, ''],
    ['a header cut short', 4, '0000 8c67 1234 00'],
    ['a request', 4, '0800 8467 1234 0002 6162'],
    ['another code', 4, '0001 8c66 1234 0002 6162'],
    ['a wrong checksum', 4, '0000 8c68 1234 0002 6162'],
    ['a reply of the other family', 6, '0000 8c67 1234 0002 6162'],
    ['a request of ICMPv6', 6, '8000 ffff 1234 0002 6162'],
  ])('is not %s', (_what, family, bytes) => {
    expect(parseEchoReply(family, hex(bytes))).toBeUndefined();
  });

  it('is what a host makes of a request: another type, all else the same', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff), fc.uint8Array({ maxLength: 99 }), (id, sequence, payload) => {
        const bytes = encodeEchoRequest(6, { id, sequence, payload });
        bytes[0] = 129;
        expect(parseEchoReply(6, bytes)).toEqual({ id, sequence, payload });
      }),
    );
  });

  it('is read from any bytes without an error', () => {
    fc.assert(
      fc.property(fc.constantFrom(4 as const, 6 as const), fc.uint8Array({ maxLength: 40 }), (family, bytes) => {
        const reply = parseEchoReply(family, bytes);
        if (reply !== undefined) expect(reply.payload.length).toBe(bytes.length - 8);
      }),
    );
  });
});
