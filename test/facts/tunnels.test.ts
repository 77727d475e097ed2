import { describe, expect, it } from 'vitest';
import { tunnelsFact } from '../../src/facts/tunnels.ts';

/** As iproute2 6.1 printed it on Linux 6.1. */
const device = (flags: string, checksum: string) =>
  `6: lvs-gre@NONE: <${flags}> mtu 1476 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/gre 10.0.0.21 brd 0.0.0.0 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0 \\    gre remote any local 10.0.0.21 ttl inherit ${checksum}addrgenmode eui64 numtxqueues 1 gso_max_size 65536 \n`;

describe('tunnels', () => {
  it('reads GUE ports, and no others', () => {
    const printed = 'port 6081 ipproto 4\nport 6080 gue\nport 6082 gue -6\nport 6083 gue \n';
    expect(tunnelsFact.parse(printed).guePorts).toEqual([6080, 6083]);
  });

  it.each([
    ['NOARP,UP,LOWER_UP', 'icsum ', { local: '10.0.0.21', checksum: true, isUp: true }],
    ['NOARP', '', { local: '10.0.0.21', checksum: false, isUp: false }],
    ['NOARP,LOWER_UP', 'ocsum ', { local: '10.0.0.21', checksum: false, isUp: false }],
  ])('reads a GRE device: %s %s', (flags, checksum, expected) => {
    expect(tunnelsFact.parse(device(flags, checksum))).toEqual({ guePorts: [], gre: expected });
  });

  it('takes one to a single remote for none of ours', () => {
    const other = device('UP', '').replace('remote any', 'remote 10.0.0.1');
    expect(tunnelsFact.parse(other).gre).toBeNull();
  });

  it.each(['', 'garbage', 'port x gue', 'gre remote any local nonsense ', '\u0000'])(
    'reads nothing out of %j',
    (text) => {
      expect(tunnelsFact.parse(text)).toEqual({ guePorts: [], gre: null });
    },
  );
});
