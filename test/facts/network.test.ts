import { describe, expect, it } from 'vitest';
import { type NetworkQuestion, networkFact } from '../../src/facts/network.ts';

/** As iproute2 6.1 printed it on a director and on a realserver. */
const DIRECTOR = `up eth1
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
1: lo    inet6 ::1/128 scope host noprefixroute \\       valid_lft forever preferred_lft forever
3: eth1    inet 10.77.1.11/24 brd 10.77.1.255 scope global eth1\\       valid_lft forever preferred_lft forever
3: eth1    inet 10.77.1.103/32 scope global dynamic eth1\\       valid_lft 5sec preferred_lft 5sec
3: eth1    inet6 fe80::aff:fe4d:10b/64 scope link \\       valid_lft forever preferred_lft forever
0:	from all lookup local
32766:	from all lookup main
32767:	from all lookup default
10.77.1.21 dev eth1 src 10.77.1.11 uid 0 \\    cache 
192.0.2.9 via 10.77.1.254 dev eth1 src 10.77.1.11 uid 0 \\    cache 
`;
const REALSERVER = `up tunl0
2: eth2    inet 10.77.2.21/24 brd 10.77.2.255 scope global eth2\\       valid_lft forever preferred_lft forever
5: tunl0    inet 10.77.1.102/32 scope host tunl0\\       valid_lft forever preferred_lft forever
0:	from all lookup local
19541:	from 10.77.2.21 to 10.77.1.11 lookup main
19542:	from 10.77.2.21 lookup 19542
32766:	from all lookup main
default via 10.77.2.1 dev eth2 
`;

describe('addresses, rules and routes', () => {
  it('reads a director', () => {
    expect(networkFact.parse(DIRECTOR)).toEqual({
      addresses: [
        { device: 'lo', address: '127.0.0.1', prefixLength: 8 },
        { device: 'lo', address: '::1', prefixLength: 128 },
        { device: 'eth1', address: '10.77.1.11', prefixLength: 24 },
        { device: 'eth1', address: '10.77.1.103', prefixLength: 32 },
        { device: 'eth1', address: 'fe80::aff:fe4d:10b', prefixLength: 64 },
      ],
      rules: [
        { priority: 0, from: 'all', to: null, table: 'local' },
        { priority: 32766, from: 'all', to: null, table: 'main' },
        { priority: 32767, from: 'all', to: null, table: 'default' },
      ],
      returnVias: [],
      ways: { '10.77.1.21': { device: 'eth1', via: null }, '192.0.2.9': { device: 'eth1', via: '10.77.1.254' } },
      up: ['eth1'],
    });
  });

  it('reads a realserver with a tunnel and a return route', () => {
    const facts = networkFact.parse(REALSERVER);
    expect(facts.returnVias).toEqual(['10.77.2.1']);
    expect(facts.rules.slice(1, 3)).toEqual([
      { priority: 19541, from: '10.77.2.21', to: '10.77.1.11', table: 'main' },
      { priority: 19542, from: '10.77.2.21', to: null, table: '19542' },
    ]);
    expect(facts.addresses.at(-1)).toEqual({ device: 'tunl0', address: '10.77.1.102', prefixLength: 32 });
  });

  it('reads rules and the table of IPv6, and ways that routers advertise', () => {
    const facts = networkFact.parse(`0:\tfrom all lookup local
32766:\tfrom all lookup main
fd77:1::21 from :: dev eth1 proto kernel src fd77:1::11 metric 256 pref medium
2000:: from :: via fe80::1 dev eth0 proto ra src 2001:db8::11 metric 1024 expires 1790sec mtu 1500 pref medium
default via 10.77.2.1 dev eth2 
19541:\tfrom fd77:2::23 to fd77:1::11 lookup main
19542:\tfrom fd77:2::23 lookup 19542
default via fd77:2::1 dev eth2 metric 1024 pref medium
`);
    expect(facts.returnVias).toEqual(['10.77.2.1', 'fd77:2::1']);
    expect(facts.rules.slice(2)).toEqual([
      { priority: 19541, from: 'fd77:2::23', to: 'fd77:1::11', table: 'main' },
      { priority: 19542, from: 'fd77:2::23', to: null, table: '19542' },
    ]);
    expect(facts.ways).toEqual({
      'fd77:1::21': { device: 'eth1', via: null },
      '2000::': { device: 'eth0', via: 'fe80::1', advertised: true },
    });
  });

  it('asks for those of IPv6 apart, where there may be any', () => {
    const script = (ipv6: NetworkQuestion['ipv6']) =>
      networkFact.script({ table: 7, destinations: [], interfaces: [], ipv6 });
    expect(script(true)).toMatch(/if true; then\n.*ip -6 -o -force -batch/s);
    expect(script({ ifThereIs: '/a b' })).toMatch(/if \[ -e '\/a b' \]; then\n.*ip -6 -o -force -batch/s);
    expect(script(false)).toMatch(/if false; then/);
  });

  it('takes an address of the host itself for no way to a realserver', () => {
    expect(networkFact.parse('local 10.77.1.11 dev lo src 10.77.1.11 uid 0 \\    cache <local> \n').ways).toEqual({});
  });

  it.each(['', 'garbage', '3: eth1 inet nonsense/99', '1:', '\u0000\u0007'])('reads nothing out of %j', (text) => {
    expect(networkFact.parse(text)).toEqual({ addresses: [], rules: [], returnVias: [], ways: {}, up: [] });
  });
});
