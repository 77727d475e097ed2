import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, addressFromBytes } from '../../src/wire/address.ts';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { neighbourAdvertisement } from '../../src/wire/ndp.ts';
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
