import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, familyOf } from '../../src/wire/address.ts';
import { type Advertisement, encodeAdvertisement, parseAdvertisement } from '../../src/wire/vrrp.ts';
import {
  type HmacSha256,
  isSignedBy,
  parseTrailer,
  splitTrailer,
  TRAILER_BYTES,
  trailerOf,
} from '../../src/wire/vrrp-hmac.ts';
import golden from '../golden/vrrp-hmac.json' with { type: 'json' };

const hmac: HmacSha256 = (key, bytes) => createHmac('sha256', key).update(bytes).digest();
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

type Vector = (typeof golden.vectors)[number];

const advertisementOf = ({ version, vrid, priority, addresses, interval }: Vector): Advertisement => ({
  version: version as 2 | 3,
  vrid,
  priority,
  addresses: addresses as Address[],
  advertIntervalMs: version === 2 ? interval * 1000 : interval * 10,
  authentication: version === 2 ? { type: 0, data: '' } : null,
});
const endpointsOf = (one: Vector) => ({ source: one.source as Address, destination: one.destination as Address });
const sequenceOf = ({ seconds, fraction, counter }: Vector): bigint =>
  (BigInt(seconds) << 32n) | (BigInt(fraction) << 16n) | BigInt(counter);

/** As a receiver takes it apart. */
function apart(payload: Uint8Array, source: Address): { message: Uint8Array; trailer: Uint8Array } {
  const { message, trailer } = splitTrailer(payload, familyOf(source));
  if (trailer === null) throw new Error('no trailer');
  return { message, trailer };
}

const signedBy = (key: string, hex: string, source: string): boolean =>
  isSignedBy(bytesOf(key), { ...apart(bytesOf(hex), source as Address), source: source as Address }, hmac);

describe('signed advertisements that another program made', () => {
  it('are here in every form, with the two of the draft', () => {
    const names = golden.vectors.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['draft, IPv4', 'draft, IPv6', 'version 2', 'passphrase']));
  });

  it.each(golden.vectors)('$name is what we would send', (one) => {
    const source = one.source as Address;
    const signing = { source, keyId: one.keyId, key: bytesOf(one.key), sequence: sequenceOf(one) };
    const bytes = encodeAdvertisement(advertisementOf(one), one.checksum as 'plain', endpointsOf(one), (message) =>
      trailerOf(message, signing, hmac),
    );
    expect(Buffer.from(bytes).toString('hex')).toBe(one.hex);
  });

  it.each(golden.vectors)('$name is read and believed', (one) => {
    const { message, trailer } = apart(bytesOf(one.hex), one.source as Address);
    expect(parseAdvertisement(message, endpointsOf(one), trailer)).toEqual({
      ok: true,
      advertisement: advertisementOf(one),
      checksum: one.version === 2 ? 'plain' : one.checksum,
    });
    expect(parseTrailer(trailer)).toMatchObject({ keyId: one.keyId, sequence: sequenceOf(one) });
    expect(signedBy(one.key, one.hex, one.source)).toBe(true);
  });

  it.each(golden.vectors)('$name is of nobody who has another key, speaks from elsewhere or turned a bit', (one) => {
    expect(signedBy(`${one.key.slice(0, -2)}00`, one.hex, one.source)).toBe(false);
    expect(signedBy(one.key, one.hex, one.source.replace(/10$/, '20'))).toBe(false);
    const good = bytesOf(one.hex);
    for (let bit = 0; bit < good.length * 8; bit++) {
      // the count says where the trailer begins, and the checksum is not signed
      if (bit >> 3 === 3 || bit >> 3 === 6 || bit >> 3 === 7) continue;
      const bytes = good.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const { message, trailer } = splitTrailer(bytes, familyOf(one.source as Address));
      const isBelieved =
        trailer !== null && isSignedBy(bytesOf(one.key), { message, trailer, source: one.source as Address }, hmac);
      expect(isBelieved, `bit ${bit}`).toBe(false);
    }
  });
});

describe('a trailer', () => {
  const good = '010100006800000080000000' + '1b84bc4e8e43892dc6d98448f8ee2265';

  it.each([
    ['empty', ''],
    ['a byte short', good.slice(2)],
    ['a byte long', `${good}00`],
    ['of another type', `02${good.slice(2)}`],
    ['of type 0', `00${good.slice(2)}`],
    ['with something in its reserved field', `01010001${good.slice(8)}`],
    ['with something in the first byte of that', `01018000${good.slice(8)}`],
  ])('%s is none', (_name, hex) => {
    expect(parseTrailer(bytesOf(good))).toBeDefined();
    expect(parseTrailer(bytesOf(hex))).toBeUndefined();
  });

  it('is found by the length that the message tells, and by nothing else', () => {
    const payload = bytesOf(golden.vectors[0]?.hex ?? '');
    expect(splitTrailer(payload, 4).trailer).toEqual(bytesOf(good));
    for (let length = 0; length < payload.length; length++)
      expect(splitTrailer(payload.subarray(0, length), 4).trailer).toBeNull();
    expect(splitTrailer(Uint8Array.from([...payload, 0]), 4).trailer).toBeNull();
    expect(splitTrailer(payload, 6).trailer).toBeNull();
    // seven more IPv4 addresses are as long as a trailer
    const eight = encodeAdvertisement(
      { ...advertisementOf(golden.vectors[0]!), addresses: Array.from({ length: 8 }, () => '192.0.2.1' as Address) },
      'plain',
      endpointsOf(golden.vectors[0]!),
    );
    expect(splitTrailer(eight, 4)).toEqual({ message: eight, trailer: null });
  });

  it('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 96 }), fc.constantFrom(4 as const, 6 as const), (bytes, family) => {
        const { message, trailer } = splitTrailer(bytes, family);
        expect(message.length + (trailer?.length ?? 0)).toBe(bytes.length);
        parseTrailer(trailer ?? bytes);
      }),
      { numRuns: 20_000 },
    );
  });

  it('round trip: whatever the message, key and sequence, its owner believes it, and no other key does', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 64 });
    const address = fc.constantFrom('10.9.0.1' as Address, 'fe80::1' as Address);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 64 }),
        fc.integer({ min: 1, max: 255 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        key,
        key,
        address,
        (message, keyId, sequence, own, other, source) => {
          const trailer = trailerOf(message, { source, keyId, key: own, sequence }, hmac);
          expect(trailer.length).toBe(TRAILER_BYTES);
          expect(parseTrailer(trailer)).toEqual({ keyId, sequence, mac: trailer.slice(12) });
          expect(isSignedBy(own, { message, trailer, source }, hmac)).toBe(true);
          const isSame = Buffer.compare(own, other) === 0;
          expect(isSignedBy(other, { message, trailer, source }, hmac)).toBe(isSame);
        },
      ),
    );
  });
});
