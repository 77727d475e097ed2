import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../src/wire/cursor.ts';
import {
  decodeLink,
  encodeAlias,
  encodeIpv4Settings,
  encodeLinkRemoval,
  encodeMacvlan,
  encodeNoIpv6Address,
  encodeUp,
} from '../../src/wire/rtnetlink-link.ts';
import { bytesOf, exchange, messagesOf, payloadOf, tree } from './recorded.ts';

/** IFLA_LINKINFO, and IFLA_INFO_DATA in it. */
const LINK_INFO = [18, 2];

const attributesOf = (payload: Uint8Array, nested: readonly number[] = []): unknown[] =>
  tree(payload.slice(16), nested);
/** Without the name: ip(8) tells a link that is there by its index. */
const named = (payload: Uint8Array, nested: readonly number[] = []): unknown[] => {
  const [first, ...rest] = attributesOf(payload, nested);
  expect(first).toEqual([3, Buffer.from('vrrp.51\0').toString('hex')]);
  return rest;
};
const flagsOf = (payload: Uint8Array): string => Buffer.from(payload.slice(8, 16)).toString('hex');

describe('rtnetlink links', () => {
  it("are read from a real kernel's answer", () => {
    const { answers } = exchange('ip link show dev dummy0');
    const [link] = messagesOf(answers).filter(({ type }) => type === 16);
    expect(decodeLink(link!.payload)).toMatchObject({
      name: 'dummy0',
      up: true,
      running: true,
      carrier: true,
      mac: '02:00:00:00:00:01',
      mtu: 1500,
    });
  });

  it('have no MAC where the address is not Ethernet, nor for loopback', () => {
    const header = '0000000001000000' + '4100000000000000';
    const name = '070003006c6f0000';
    expect(decodeLink(bytesOf(`${header}${name}0a0001000000000000000000`))).toMatchObject({
      name: 'lo',
      mac: '',
      mtu: 0,
    });
    expect(decodeLink(bytesOf(`${header}${name}080001000a000001`)).mac).toBe('');
  });

  it('are refused when cut or nameless', () => {
    expect(() => decodeLink(new Uint8Array(15))).toThrow(MalformedError);
    expect(() => decodeLink(new Uint8Array(16))).toThrow('attribute 3 is missing');
  });

  it('show a macvlan with what it lies on, its mode and its alias', () => {
    const { answers } = exchange('ip -d link show dev vrrp.51', 2);
    const [link] = messagesOf(answers).filter(({ type }) => type === 16);
    expect(decodeLink(link!.payload)).toMatchObject({
      name: 'vrrp.51',
      up: true,
      mac: '00:00:5e:00:01:33',
      alias: 'ours',
      macvlan: { baseIndex: 3, isVepa: true },
    });
    const [base] = messagesOf(exchange('ip -d link show dev vrrp.51', 3).answers);
    expect(decodeLink(base!.payload)).toMatchObject({ index: 3, name: 'dummy0', alias: '', macvlan: null });
  });

  it('of other kinds and modes are no such macvlan', () => {
    const link = (info: string): unknown => decodeLink(bytesOf(`${'00'.repeat(16)}07000300780000${'00'}${info}`));
    const kind = '0c0001006d6163766c616e00';
    expect(link('')).toMatchObject({ macvlan: null });
    expect(link('0c00120008000100767400' + '00')).toMatchObject({ macvlan: null });
    expect(link(`10001200${kind}`)).toMatchObject({ macvlan: { baseIndex: 0, isVepa: false } });
    expect(link(`1c001200${kind}0c0002000800010004000000`)).toMatchObject({ macvlan: { isVepa: false } });
    expect(() => link(`16001200${kind}0600020004000100`)).toThrow(MalformedError);
  });

  it('are decoded or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 80 }), (bytes) => {
        try {
          decodeLink(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('requests for links', () => {
  it('make a macvlan as ip(8) does', () => {
    const { request } = exchange(
      'ip link add name vrrp.51 link dummy0 address 00:00:5e:00:01:33 type macvlan mode vepa',
    );
    const ours = encodeMacvlan({ name: 'vrrp.51', baseIndex: 3, mac: '00:00:5e:00:01:33' });
    expect(ours.slice(0, 16)).toEqual(new Uint8Array(16));
    // the kind with its NUL, where ip leaves it out: the kernel takes either (nla_strscpy)
    const theirs = JSON.stringify(attributesOf(payloadOf(request), LINK_INFO));
    expect(JSON.stringify(attributesOf(ours, LINK_INFO))).toBe(theirs.replace('6d6163766c616e', '6d6163766c616e00'));
  });

  it('name it, keep IPv6 from giving it an address, and set it up, as ip(8) does', () => {
    const theirs = (command: string): Uint8Array => payloadOf(exchange(command).request);
    const alias = theirs('ip link set dev vrrp.51 alias ours');
    expect(JSON.stringify(named(encodeAlias('vrrp.51', 'ours')))).toBe(
      JSON.stringify(attributesOf(alias)).replace('6f757273', '6f75727300'),
    );
    const mode = theirs('ip link set dev vrrp.51 addrgenmode none');
    expect(named(encodeNoIpv6Address('vrrp.51'), [26, 10])).toEqual(attributesOf(mode, [26, 10]));
    expect(flagsOf(encodeUp('vrrp.51', true))).toBe(flagsOf(theirs('ip link set dev vrrp.51 up')));
    expect(flagsOf(encodeUp('vrrp.51', false))).toBe('0000000001000000');
    expect(encodeLinkRemoval(4)).toEqual(theirs('ip link del dev vrrp.51'));
  });

  it('carry settings of IPv4 by the numbers of uapi/linux/ip.h', () => {
    const payload = encodeIpv4Settings('vrrp.51', { rp_filter: 2, arp_filter: 0, arp_ignore: 1 });
    // IFLA_INET_CONF with IPV4_DEVCONF_RP_FILTER, _ARPFILTER and _ARP_IGNORE
    const conf = `1c000180${'08000800' + '02000000'}${'08000d00' + '00000000'}${'08001300' + '01000000'}`;
    expect(named(payload, [26])).toEqual([[26, [[2, conf]]]]);
  });
});
