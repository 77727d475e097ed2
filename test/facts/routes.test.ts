import { describe, expect, it } from 'vitest';
import { routesFact } from '../../src/facts/routes.ts';

/** As iproute2 6.1 printed it. */
const PRINTED = `mtu d0 1500
mtu d1 9000
mtu lo 65536
default via 10.1.0.254 dev d0 proto dhcp metric 100 advmss 1428 
10.1.0.0/24 dev d0 proto kernel scope link src 10.1.0.1 linkdown 
10.3.0.0/16 via 10.2.0.9 dev d1 onlink 
10.4.0.0/16 via 10.2.0.9 dev d1 mtu 1400 
unreachable 10.5.0.0/16 
10.6.0.0/16 
\tnexthop via 10.1.0.8 dev d0 weight 1 
\tnexthop via 10.2.0.8 dev d1 weight 1 
10.7.0.1 dev d2 scope link 
`;

describe('routes', () => {
  it('reads those of one way, as ip takes them again', () => {
    expect(routesFact.parse(PRINTED).map(({ words, ...rest }) => ({ ...rest, words: words.join(' ') }))).toEqual([
      { words: 'default via 10.1.0.254 dev d0 proto dhcp metric 100', device: 'd0', mtu: 1500, advmss: 1428 },
      { words: '10.1.0.0/24 dev d0 proto kernel scope link src 10.1.0.1', device: 'd0', mtu: 1500, advmss: null },
      { words: '10.3.0.0/16 via 10.2.0.9 dev d1 onlink', device: 'd1', mtu: 9000, advmss: null },
    ]);
  });

  it.each(['', 'garbage', 'mtu d0', 'default via', 'default via 10.0.0.1 dev ', '\u0000'])(
    'reads nothing out of %j',
    (text) => {
      expect(routesFact.parse(text)).toEqual([]);
    },
  );
});
