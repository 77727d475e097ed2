import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Address,
  addressBytes,
  addressFromBytes,
  commonPrefixLength,
  compareAddresses,
  familyOf,
  hostPrefix,
  inNetwork,
  isLinkLocal,
  parseAddress,
} from '../../src/wire/address.ts';

const address = (text: string): Address => {
  const value = parseAddress(text);
  if (value === undefined) throw new Error(`not an address: ${text}`);
  return value;
};

const anyAddress = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map(addressFromBytes);

describe('address', () => {
  it.each([
    ['10.77.1.100', '10.77.1.100'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:DB8:0:0:0:0:0:23', '2001:db8::23'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
  ])('reads %s as %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical);
  });

  it.each([
    '',
    '10.77.1',
    '10.77.1.256',
    '010.77.1.1',
    '10.77.1.1/24',
    'fe80::1%eth0',
    '2001:db8:::1',
    'web1',
    ' 1.2.3.4',
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('turns text to bytes in network order', () => {
    expect([...addressBytes(address('10.77.1.254'))]).toEqual([10, 77, 1, 254]);
    expect([...addressBytes(address('2001:db8::17'))].map((byte) => byte.toString(16)).join(' ')).toBe(
      '20 1 d b8 0 0 0 0 0 0 0 0 0 0 0 17',
    );
  });

  it.each([
    ['10.77.1.11', '10.77.1.100', 25],
    ['10.77.1.11', '10.77.2.11', 22],
    ['10.77.1.11', '10.77.1.11', 32],
    ['10.77.1.11', '138.77.1.11', 0],
    ['2001:db8::1', '2001:db8:8000::1', 32],
    ['::', '0.0.0.0', 0],
  ])('%s and %s have their first %i bits in common', (left, right, bits) => {
    expect(commonPrefixLength(address(left), address(right))).toBe(bits);
  });

  it('refuses bytes of another length', () => {
    expect(() => addressFromBytes(new Uint8Array(5))).toThrow('an address has 4 or 16 bytes, not 5');
  });

  it('survives a round trip', () => {
    fc.assert(
      fc.property(anyAddress, (value) => {
        expect(addressFromBytes(addressBytes(value))).toBe(value);
        expect(parseAddress(value)).toBe(value);
        expect(hostPrefix(value)).toBe(familyOf(value) === 4 ? 32 : 128);
      }),
    );
  });

  it.each([
    ['10.77.1.127', '10.77.1.0', 25, true],
    ['10.77.1.128', '10.77.1.0', 25, false],
    ['10.77.1.128', '0.0.0.0', 0, true],
    ['10.77.1.1', '10.77.1.1', 32, true],
    ['2001:db8:0:1::1', '2001:db8::', 63, true],
    ['2001:db8:0:2::1', '2001:db8::', 63, false],
    ['10.0.0.1', '::', 0, false],
  ])('%s in %s/%i is %s', (value, network, prefix, inside) => {
    expect(inNetwork(address(value), address(network), prefix)).toBe(inside);
  });

  it.each([
    ['fe80::1', true],
    ['febf:ffff::1', true],
    ['fec0::1', false],
    ['fd09::fe80', false],
    ['ff02::12', false],
    ['169.254.0.1', false],
  ])('%s is a link-local IPv6 address: %s', (text, is) => {
    expect(isLinkLocal(text as Address)).toBe(is);
  });

  it('orders by number, not by text', () => {
    const sorted = ['10.0.0.10', '2001:db8::1', '10.0.0.9', '9.255.0.0'].map(address).sort(compareAddresses);
    expect(sorted).toEqual(['9.255.0.0', '10.0.0.9', '10.0.0.10', '2001:db8::1']);
  });
});
