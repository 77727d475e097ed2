import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, addressFromBytes } from '../../src/wire/address.ts';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { duplicateSolicitation, neighbourAdvertisement, parseNeighbourAdvertisement } from '../../src/wire/ndp.ts';
import golden from '../golden/vrrp.json' with { type: 'json' };

const MAC = Uint8Array.from([2, 0, 0, 0, 0, 1]);

describe('an unsolicited neighbour advertisement', () => {
  it('is byte for byte what keepalived sends for the same MAC and address on a host that forwards', () => {
    const frame = Buffer.from(neighbourAdvertisement(MAC, 'fd09::100' as Address)).toString('hex');
    expect(frame).toBe(golden.announcements['fd09::100']);
  });

  it('has Router and Override set and Solicited not (RFC 9568 section 6.4.1)', () => {
    expect([...neighbourAdvertisement(MAC, 'fd09::100' as Address).subarray(58, 62)]).toEqual([0xa0, 0, 0, 0]);
  });

  it('refuses a MAC of another length, and IPv4', () => {
    expect(() => neighbourAdvertisement(MAC.subarray(1), 'fd09::100' as Address)).toThrow(RangeError);
    expect(() => neighbourAdvertisement(MAC, '10.9.0.100' as Address)).toThrow(RangeError);
  });

  it('tells any address and MAC, with a checksum that a receiver computes as 0', () => {
    const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const six = fc.uint8Array({ minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(sixteen, six, (ip, mac) => {
        const frame = neighbourAdvertisement(mac, addressFromBytes(ip));
        expect(frame.length).toBe(86);
        expect([frame.slice(6, 12), frame.slice(80)]).toEqual([mac, mac]);
        expect([frame.slice(22, 38), frame.slice(62, 78)]).toEqual([ip, ip]);
        const lengthAndProtocol = Uint8Array.from([0, 0, 0, 32, 0, 0, 0, 58]);
        expect(internetChecksum(frame.slice(22, 54), lengthAndProtocol, frame.slice(54))).toBe(0);
      }),
    );
  });
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const SIXTEEN = fc.uint8Array({ minLength: 16, maxLength: 16 });
const SIX = fc.uint8Array({ minLength: 6, maxLength: 6 });

describe('a solicitation of duplicate address detection', () => {
  it('asks the solicited-node group from the unspecified address, without an option (RFC 4862 section 5.4.2)', () => {
    // captured of Linux, which took fd09::100 on 02:00:00:00:00:01 with enhanced_dad off
    const frame = Buffer.from(duplicateSolicitation(MAC, 'fd09::100' as Address)).toString('hex');
    expect(frame).toBe(
      [
        '3333ff000100 020000000001 86dd 60000000 0018 3a ff',
        '00000000000000000000000000000000 ff0200000000000000000001ff000100',
        '87 00 7b9e 00000000 fd090000000000000000000000000100',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('refuses a MAC of another length, and IPv4', () => {
    expect(() => duplicateSolicitation(MAC.subarray(1), 'fd09::100' as Address)).toThrow(RangeError);
    expect(() => duplicateSolicitation(MAC, '10.9.0.100' as Address)).toThrow(RangeError);
  });

  it('goes to the last three bytes of any address, with a checksum that a receiver computes as 0', () => {
    fc.assert(
      fc.property(SIXTEEN, SIX, (ip, mac) => {
        const frame = duplicateSolicitation(mac, addressFromBytes(ip));
        expect([frame.length, frame.slice(62)]).toEqual([78, ip]);
        expect([frame.slice(0, 6), frame.slice(51, 54)]).toEqual([
          Uint8Array.from([0x33, 0x33, 0xff, ...ip.subarray(13)]),
          ip.slice(13),
        ]);
        const lengthAndProtocol = Uint8Array.from([0, 0, 0, 24, 0, 0, 0, 58]);
        expect(internetChecksum(frame.slice(22, 54), lengthAndProtocol, frame.slice(54))).toBe(0);
      }),
    );
  });
});

describe('what a neighbour advertisement says', () => {
  const TARGET = 'fd090000000000000000000000000100';
  it.each([
    ['its MAC', `8800d88aa0000000 ${TARGET} 0201020000000001`, '02:00:00:00:00:01'],
    ['its MAC after an option that we do not know', `8800000020000000 ${TARGET} 0e01000000000000 0201020000000001`, '02:00:00:00:00:01'], // biome-ignore format: a table
    ['no MAC', `8800000060000000 ${TARGET}`, null],
    ['a link-layer address of another length', `8800000060000000 ${TARGET} 0202 0200000000010000000000000000`, null],
  ])('%s', (_what, message, mac) => {
    expect(parseNeighbourAdvertisement(hex(message))).toEqual({ address: 'fd09::100', mac });
  });

  it.each([
    ['nothing', ''],
    ['a solicitation', `8700000000000000 ${TARGET}`],
    ['another code', `8801000000000000 ${TARGET}`],
    ['a target cut short', `8800000000000000 ${TARGET.slice(2)}`],
    ['a multicast target', '8800000000000000 ff020000000000000000000000000001'],
    ['an option of length 0', `8800000000000000 ${TARGET} 0200020000000001`],
    ['an option beyond the end', `8800000000000000 ${TARGET} 0202020000000001`],
    ['an option cut short', `8800000000000000 ${TARGET} 020102000000`],
  ])('is not believed: %s (RFC 4861 section 7.1.2)', (_what, message) => {
    expect(parseNeighbourAdvertisement(hex(message))).toBeUndefined();
  });

  it('is what we say ourselves', () => {
    fc.assert(
      fc.property(SIXTEEN, SIX, (ip, mac) => {
        fc.pre(ip[0] !== 0xff);
        const address = addressFromBytes(ip);
        const told = parseNeighbourAdvertisement(neighbourAdvertisement(mac, address).subarray(54));
        expect(told).toEqual({
          address,
          mac: Buffer.from(mac)
            .toString('hex', 0, 6)
            .replace(/..(?=.)/g, '$&:'),
        });
      }),
    );
  });

  it('is read from any bytes without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isAdvertisement) => {
        const message = isAdvertisement ? Uint8Array.from([136, 0, ...bytes]) : bytes;
        const told = parseNeighbourAdvertisement(message);
        if (told !== undefined) expect(message.length).toBeGreaterThanOrEqual(24);
      }),
    );
  });
});
