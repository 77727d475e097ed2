import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, addressFromBytes } from '../../src/wire/address.ts';
import { type Advertisement, encodeAdvertisement, parseAdvertisement } from '../../src/wire/vrrp.ts';
import golden from '../golden/vrrp.json' with { type: 'json' };

const ENDPOINTS = { source: '10.9.0.1' as Address, destination: '224.0.0.18' as Address };
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** What the daemon was told to send, as our value. */
function configuredValue({ configured }: (typeof golden.packets)[number]): Advertisement {
  const { version, vrid, priority, addresses, advertIntervalMs, password } = configured;
  const simple = password === null ? { type: 0, data: '' } : { type: 1, data: password };
  return {
    version: version as 2 | 3,
    vrid,
    priority,
    addresses: addresses as Address[],
    advertIntervalMs,
    authentication: version === 2 ? simple : null,
  };
}

describe('packets of real daemons', () => {
  it('are all here', () => {
    const names = golden.packets.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...['keepalived-v2-pass', 'keepalived-v3-unicast-stop', 'frr-v2', 'frr-v3'],
        ...['keepalived-v3-ipv6', 'keepalived-v3-ipv6-unicast-stop', 'frr-v3-ipv6'],
      ]),
    );
  });

  it.each(golden.packets)('$name is read', (packet) => {
    const endpoints = { source: packet.source as Address, destination: packet.destination as Address };
    expect(parseAdvertisement(bytesOf(packet.hex), endpoints)).toEqual({
      ok: true,
      advertisement: configuredValue(packet),
      checksum: packet.configured.checksum,
    });
  });

  it.each(golden.packets)('$name is what we would send', (packet) => {
    const endpoints = { source: packet.source as Address, destination: packet.destination as Address };
    const bytes = encodeAdvertisement(
      configuredValue(packet),
      packet.configured.checksum as 'plain' | 'pseudo-header',
      endpoints,
    );
    expect(Buffer.from(bytes).toString('hex')).toBe(packet.hex);
  });
});

describe('version 3 without the pseudo-header', () => {
  /** By hand: 3133 + c801 + 0064 + 0a09 + 0064 = 1 0405, with the carry 0406, inverted fbf9. */
  const hex = '3133c8010064fbf90a090064';
  const value: Advertisement = {
    version: 3,
    vrid: 51,
    priority: 200,
    addresses: ['10.9.0.100' as Address],
    advertIntervalMs: 1000,
    authentication: null,
  };

  it('is read, and told apart', () => {
    expect(parseAdvertisement(bytesOf(hex), ENDPOINTS)).toEqual({ ok: true, advertisement: value, checksum: 'plain' });
  });

  it('is sent when it is asked for', () => {
    expect(Buffer.from(encodeAdvertisement(value, 'plain', ENDPOINTS)).toString('hex')).toBe(hex);
  });
});

describe('malformed packets', () => {
  /** VRID 255, priority 1, 1 s. By hand: 31ff + 0101 + 0064 + 0a09 + 0064 = 3dd1, inverted c22e. */
  const good = '31ff01010064c22e0a090064';
  it('are made from a good one', () => {
    expect(parseAdvertisement(bytesOf(good), ENDPOINTS).ok).toBe(true);
  });

  it.each([
    ['empty', '', { problem: 'truncated' }],
    ['one byte', '31', { problem: 'truncated' }],
    ['a byte short of the header', '31ff01010064c2', { problem: 'truncated' }],
    ['version 1', `11${good.slice(2)}`, { problem: 'version', vrid: 255, version: 1 }],
    ['version 4', `41${good.slice(2)}`, { problem: 'version', vrid: 255, version: 4 }],
    ['another type', `32${good.slice(2)}`, { problem: 'type', vrid: 255, version: 3 }],
    ['no addresses', '31ff01000064c22f0a090064', { problem: 'no-addresses', vrid: 255, version: 3 }],
    ['fewer addresses than it says', good.slice(0, -2), { problem: 'length', vrid: 255, version: 3 }],
    ['bytes after the last address', `${good}00`, { problem: 'length', vrid: 255, version: 3 }],
    ['255 addresses in 12 bytes', `31ff01ff${good.slice(8)}`, { problem: 'length', vrid: 255, version: 3 }],
    [
      'version 2 without its authentication field',
      '2133c80100010c5d0a090064',
      { problem: 'length', vrid: 51, version: 2 },
    ],
    ['a wrong checksum', '31ff01010064c22f0a090064', { problem: 'checksum', vrid: 255, version: 3 }],
    ['interval zero', '31ff01010000c2920a090064', { problem: 'interval', vrid: 255, version: 3 }],
    [
      'version 2 with a pseudo-header',
      '2133c801000121bc0a0900640000000000000000',
      { problem: 'checksum', vrid: 51, version: 2 },
    ],
  ])('%s', (_name, hex, refused) => {
    expect(parseAdvertisement(bytesOf(hex), ENDPOINTS)).toEqual({ ok: false, ...refused });
  });

  it('may also be the good one with any single byte changed: never believed as it was, never a throw', () => {
    for (let index = 0; index < good.length / 2; index++) {
      for (let value = 0; value < 256; value++) {
        const bytes = bytesOf(good);
        if (bytes[index] === value) continue;
        bytes[index] = value;
        expect(parseAdvertisement(bytes, ENDPOINTS).ok).toBe(false);
      }
    }
  });

  it('random bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(typeof parseAdvertisement(bytes, ENDPOINTS).ok).toBe('boolean');
      }),
      { numRuns: 20_000 },
    );
  });
});

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes);
const ipv6 = fc
  .uint8Array({ minLength: 14, maxLength: 14 })
  .map((tail) => addressFromBytes(Uint8Array.from([0x20, 0x01, ...tail])));
const byte = fc.integer({ min: 0, max: 255 });
const password = fc
  .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 8 })
  .map((data) => ({ type: 1, data }));

const version2 = fc.record({
  version: fc.constant(2 as const),
  vrid: byte,
  priority: byte,
  addresses: fc.array(ipv4, { minLength: 1, maxLength: 255 }),
  advertIntervalMs: fc.integer({ min: 1, max: 255 }).map((seconds) => seconds * 1000),
  authentication: fc.oneof(fc.constant({ type: 0, data: '' }), password),
});
const version3 = (address: typeof ipv4): fc.Arbitrary<Advertisement> =>
  fc.record({
    version: fc.constant(3 as const),
    vrid: byte,
    priority: byte,
    addresses: fc.array(address, { minLength: 1, maxLength: 255 }),
    advertIntervalMs: fc.integer({ min: 1, max: 4095 }).map((centiseconds) => centiseconds * 10),
    authentication: fc.constant(null),
  });

describe('round trip', () => {
  const forms = fc.constantFrom('pseudo-header' as const, 'plain' as const);
  it('holds for every IPv4 advertisement', () => {
    fc.assert(
      fc.property(fc.oneof(version2, version3(ipv4)), forms, ipv4, ipv4, (value, form, source, destination) => {
        const endpoints = { source, destination };
        const parsed = parseAdvertisement(encodeAdvertisement(value, form, endpoints), endpoints);
        expect(parsed).toMatchObject({ ok: true, advertisement: value });
      }),
    );
  });

  it('holds for every IPv6 advertisement', () => {
    fc.assert(
      fc.property(version3(ipv6), forms, ipv6, ipv6, (value, form, source, destination) => {
        const endpoints = { source, destination };
        const parsed = parseAdvertisement(encodeAdvertisement(value, form, endpoints), endpoints);
        expect(parsed).toEqual({ ok: true, advertisement: value, checksum: 'pseudo-header' });
      }),
    );
  });

  it('reads from the middle of a larger buffer', () => {
    const wide = bytesOf(`ffff${golden.packets[0]?.hex}ffff`);
    expect(parseAdvertisement(wide.subarray(2, -2), ENDPOINTS).ok).toBe(true);
  });
});

describe('a value that does not fit the wire', () => {
  const value: Advertisement = {
    version: 3,
    vrid: 1,
    priority: 1,
    addresses: ['10.9.0.100' as Address],
    advertIntervalMs: 1000,
    authentication: null,
  };
  it.each<[string, Partial<Advertisement>]>([
    ['half a centisecond', { advertIntervalMs: 5 }],
    ['more than 40.95 s', { advertIntervalMs: 40_960 }],
    ['half a second in version 2', { version: 2, advertIntervalMs: 500 }],
    ['no address', { addresses: [] }],
    ['VRID 256', { vrid: 256 }],
    ['a password in version 3', { authentication: { type: 1, data: 'x' } }],
    ['a password of nine bytes', { version: 2, authentication: { type: 1, data: '123456789' } }],
  ])('%s', (_name, change) => {
    expect(() => encodeAdvertisement({ ...value, ...change }, 'plain', ENDPOINTS)).toThrow(RangeError);
  });
});
