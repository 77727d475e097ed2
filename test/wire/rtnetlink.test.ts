import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../src/wire/address.ts';
import { MalformedError } from '../../src/wire/cursor.ts';
import { NLMSG_DONE } from '../../src/wire/netlink.ts';
import { decodeAddress, encodeAddress, RTM_NEWADDR } from '../../src/wire/rtnetlink.ts';
import { bytesOf, exchange, messagesOf, payloadOf, tree } from './recorded.ts';

const ADD =
  'ip address add 10.1.1.100/32 dev dummy0 label dummy0:vip broadcast 10.1.1.255 valid_lft 30 preferred_lft 30';
const ADD6 = 'ip -6 address add 2001:db8::100/128 dev dummy0 nodad valid_lft forever preferred_lft 0';
const ip = (text: string): Address => text as Address;
const ifindexOf = (request: Uint8Array): number => payloadOf(request)[4]!;

const vip = {
  address: ip('10.1.1.100'),
  prefixLength: 32,
  scope: 'global',
  label: 'dummy0:vip',
  broadcast: ip('10.1.1.255'),
  validSeconds: 30,
} as const;

describe('rtnetlink addresses', () => {
  it('are added with the header and attributes that ip(8) sends', () => {
    const { request } = exchange(ADD);
    const ours = encodeAddress({ ...vip, ifindex: ifindexOf(request) });
    expect(ours.slice(0, 8)).toEqual(payloadOf(request).slice(0, 8));
    expect(tree(ours.slice(8))).toEqual(tree(payloadOf(request).slice(8)));
  });

  it('are added without duplicate address detection and deprecated for IPv6, as ip(8) writes these', () => {
    const { request } = exchange(ADD6);
    const request6 = { ...vip, address: ip('2001:db8::100'), prefixLength: 128, label: null, broadcast: null };
    const ours = tree(encodeAddress({ ...request6, ifindex: 2, validSeconds: null }).slice(8)) as [number, string][];
    const theirs = tree(payloadOf(request).slice(8)) as [number, string][];
    const [addresses, others] = [[1, 2], [6]].map(
      (types) => (list: [number, string][]) => list.filter(([type]) => types.includes(type)),
    );
    expect(addresses!(ours)).toEqual(addresses!(theirs));
    expect(others!(ours)).toEqual(others!(theirs));
    // ip writes this flag in the header's eight bits, we in the attribute of 32.
    expect([payloadOf(request)[2], ours.find(([type]) => type === 8)]).toEqual([2, [8, '02000000']]);
  });

  it('are read from a dump of a real kernel', () => {
    const { answers } = exchange('ip address show dev dummy0');
    const found = messagesOf(answers)
      .filter(({ type }) => type === RTM_NEWADDR)
      .map(({ payload }) => decodeAddress(payload));
    expect(messagesOf(answers).at(-1)?.type).toBe(NLMSG_DONE);
    expect(found.find(({ address }) => address === '10.1.1.100')).toMatchObject({
      family: 4,
      prefixLength: 32,
      scope: 'global',
      label: 'dummy0:vip',
      broadcast: '10.1.1.255',
      secondary: false,
      tentative: false,
      validSeconds: expect.toSatisfy((seconds: number) => seconds > 20 && seconds <= 30),
    });
    expect(found.find(({ address }) => address === '2001:db8::100')).toMatchObject({
      family: 6,
      prefixLength: 128,
      label: null,
      broadcast: null,
      validSeconds: null,
      preferredSeconds: 0,
    });
    expect(found.find(({ scope }) => scope === 'link')?.address).toBe('fe80::ff:fe00:1');
  });

  it('survive a round trip', () => {
    const request = fc.record({
      ifindex: fc.integer({ min: 1, max: 0x7fff_ffff }),
      address: fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8::1', 'fe80::1')).map(ip),
      prefixLength: fc.nat(128),
      scope: fc.constantFrom('global' as const, 'link' as const, 'host' as const),
      label: fc.option(fc.stringMatching(/^[a-z0-9:.]{1,15}$/)),
      validSeconds: fc.option(fc.nat(0xffff_fffe)),
    });
    fc.assert(
      fc.property(request, (value) => {
        const back = decodeAddress(encodeAddress({ ...value, broadcast: null }));
        expect(back).toMatchObject(value);
      }),
    );
  });

  it('are refused when cut, of another family, or of the wrong length', () => {
    const whole = encodeAddress({ ...vip, ifindex: 2 });
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.slice(0, length);
      try {
        // Cut between two attributes it may still be an address: then it is a whole one.
        expect(decodeAddress(cut).address).toBe('10.1.1.100');
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }
    expect(() => decodeAddress(bytesOf('1c20000002000000'))).toThrow('family 28');
    expect(() => decodeAddress(bytesOf('0220000002000000' + '070001000a010100'))).toThrow('3 bytes');
    expect(() => decodeAddress(bytesOf('0220000002000000'))).toThrow('attribute 1 is missing');
  });

  it('have the local one of a point-to-point pair', () => {
    const pair = bytesOf('0220000002000000' + '080001000a010102' + '080002000a010101');
    expect(decodeAddress(pair)).toMatchObject({ address: '10.1.1.1', validSeconds: null, label: null });
  });
});
