import { describe, expect, it } from 'vitest';
import { blindTo, servedBy } from '../../../src/agent/exchange/sight.ts';
import { storedConfig } from '../config.ts';

const { config } = storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11 } }
realservers:
  web1: { rip: 10.77.1.21 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100], extra_vips: [10.77.1.101], prefer: [lb1] }
  other: { vrid: 52, vips: [10.77.1.102, 10.77.1.103], prefer: [lb1] }
  idle: { vrid: 53, vips: [10.77.1.104], prefer: [lb1] }
services:
  web: { listen: ['10.77.1.100:80', '10.77.1.101:80'], mode: dr, scheduler: wrr, realservers: [web1] }
  both: { listen: ['10.77.1.101:81', '10.77.1.103:81'], mode: dr, scheduler: wrr, realservers: [web1] }
`);

describe('what a director sees of virtual routers', () => {
  const served = servedBy(config);

  it('is what it sees of the services at their addresses', () => {
    expect(Object.fromEntries(served)).toEqual({ public: ['web', 'both'], other: ['both'], idle: [] });
  });

  it.each<[string, string[], string[]]>([
    ['all is well', ['web', 'both'], []],
    ['one of them fails', ['both'], ['10.77.1.100']],
    ['one of both fails', ['web'], ['10.77.1.100', '10.77.1.102']],
  ])('%s', (_what, well, expected) => {
    expect(blindTo(config.instances, served, (service) => well.includes(service))).toEqual(expected);
  });
});
