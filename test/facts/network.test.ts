import { describe, expect, it } from 'vitest';
import { networkFact } from '../../src/facts/network.ts';

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
      returnVia: null,
      ways: { '10.77.1.21': { device: 'eth1', via: null }, '192.0.2.9': { device: 'eth1', via: '10.77.1.254' } },
      up: ['eth1'],
    });
  });

  it('reads a realserver with a tunnel and a return route', () => {
    const facts = networkFact.parse(REALSERVER);
    expect(facts.returnVia).toBe('10.77.2.1');
    expect(facts.rules.slice(1, 3)).toEqual([
      { priority: 19541, from: '10.77.2.21', to: '10.77.1.11', table: 'main' },
      { priority: 19542, from: '10.77.2.21', to: null, table: '19542' },
    ]);
    expect(facts.addresses.at(-1)).toEqual({ device: 'tunl0', address: '10.77.1.102', prefixLength: 32 });
  });

  it('takes an address of the host itself for no way to a realserver', () => {
    expect(networkFact.parse('local 10.77.1.11 dev lo src 10.77.1.11 uid 0 \\    cache <local> \n').ways).toEqual({});
  });

  it.each(['', 'garbage', '3: eth1 inet nonsense/99', '1:', '\u0000\u0007'])('reads nothing out of %j', (text) => {
    expect(networkFact.parse(text)).toEqual({ addresses: [], rules: [], returnVia: null, ways: {}, up: [] });
  });
});
