import { describe, expect, it } from 'vitest';
import {
  directorAt,
  isRelayed,
  isReservedMark,
  type RelayOrder,
  relayedConnections,
  relayTable,
} from '../../src/balancer/relay.ts';
import type { Config } from '../../src/config/config.ts';
import type { Mode } from '../../src/config/service.ts';
import type { Address } from '../../src/wire/address.ts';
import { type ServiceEntry, serviceKey } from '../../src/wire/ipvs.ts';
import { storedConfig } from '../agent/config.ts';

const SERVICES = `
  web: { listen: ['10.77.1.100:80', '10.77.1.100:443', '10.77.1.100:53/udp'], mode: dr, scheduler: rr, checks: [{ tcp: 80 }] }
  marked: { listen: ['10.77.1.100:8080', '10.77.1.100:8443'], fwmark: 6, mode: tun, scheduler: rr, checks: [{ tcp: 80 }] }
  other: { listen: '10.77.1.101:80', mode: dr, scheduler: rr }`;

function configOf(services = SERVICES) {
  return storedConfig(`
cluster: test
directors:
  lb1: { dip: { eth2: 10.77.2.11, eth1: 10.77.1.11 } }
  lb2: { dip: { eth2: 10.77.2.12, eth1: 10.77.1.12 } }
realservers:
  web1: { rip: 10.77.1.21 }
vrrp:
  public: { vrid: 51, interface: eth2, vips: [10.77.1.100], prefer: [lb1, lb2] }
  second: { vrid: 52, interface: eth2, vips: [10.77.1.101], prefer: [lb2, lb1] }
services:${services}
`).config;
}

const UDP = "\n  dns: { listen: '10.77.1.100:53/udp', mode: dr, scheduler: rr, checks: [{ tcp: 53 }] }";
const withMode = (mode: Mode): Config => ({
  ...configOf(),
  services: configOf().services.map((one) => ({ ...one, mode })),
});
const order = (instance: string, to: string): RelayOrder => {
  const [source, config] = [to as Address, configOf()];
  return { instance, director: directorAt(config, 'nobody', instance, source) ?? 'nobody', to: source, since: 0 };
};
const FROM_LB1 = order('public', '10.77.2.11');
const LAST = 0x4c56_ffff;

describe('the relay', () => {
  it('takes what opens no connection, of TCP listeners on the VIPs of the instance, and nothing else', () => {
    const { markings } = relayTable(configOf(), [FROM_LB1]);
    expect(markings.map(({ address, port }) => `${address}:${port}`)).toEqual([
      '10.77.1.100:80',
      '10.77.1.100:443',
      '10.77.1.100:8080',
      '10.77.1.100:8443',
    ]);
    for (const one of markings) expect(one).toMatchObject({ protocol: 'tcp', midstream: true, mark: LAST });
  });

  it('goes to the other director on the network of the VIP, persistently, and drains when it ends', () => {
    const { services } = relayTable(configOf(), [FROM_LB1]);
    expect(services).toMatchObject([
      {
        service: {
          id: { kind: 'mark', mark: LAST, family: 4 },
          scheduler: 'rr',
          persistence: { timeoutMs: 60_000, prefixLength: 32 },
        },
        destinations: [{ address: '10.77.1.11', port: 0, forward: 'dr', weight: 1 }],
        drain: { timeoutMs: 600_000, waitForPersistent: false },
      },
    ]);
  });

  it('has a mark a director, whichever others there are; two instances of one director share it', () => {
    const both = relayTable(configOf(), [FROM_LB1, order('second', '10.77.2.12')]);
    expect(both.services.map(({ service }) => serviceKey(service.id))).toEqual([`fwm ${LAST}`, `fwm ${LAST - 1}`]);
    const alone = relayTable(configOf(), [order('second', '10.77.2.12')]);
    expect(alone.services).toEqual(both.services.slice(1));
    const shared = relayTable(configOf(), [FROM_LB1, order('second', '10.77.2.11')]);
    expect([shared.services.length, shared.markings.length]).toEqual([1, 5]);
  });

  it.each([
    ['an instance that is not there', order('gone', '10.77.2.11'), configOf()],
    ['a speaker that is no director', order('public', '10.77.2.99'), configOf()],
    ['services in NAT', FROM_LB1, withMode('nat')],
    ['UDP', FROM_LB1, configOf(UDP)],
  ])('is none for %s', (_what, one, config) => {
    expect(relayTable(config, [one])).toEqual({ services: [], markings: [] });
    expect(isRelayed(config, one)).toBe(false);
  });

  it('counts the connections that go there', () => {
    const [service] = relayTable(configOf(), [FROM_LB1]).services;
    if (service === undefined) throw new Error('no service');
    const stats = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
    const destinations = service.destinations.map((destination) => ({
      ...{ destination, stats, active: 7, inactive: 3, persistent: 1 },
    }));
    const entries: ServiceEntry[] = [{ service: service.service, stats, destinations }];
    expect(relayedConnections(configOf(), FROM_LB1, entries)).toBe(7);
    expect(relayedConnections(configOf(), order('second', '10.77.2.12'), entries)).toBe(0);
  });
});

it('reserved marks are those of the range, its ends included', () => {
  const config = configOf();
  const marks = [0x4c55_ffff, 0x4c56_0000, LAST, 0x4c57_0000];
  expect(marks.map((mark) => isReservedMark(config, mark))).toEqual([false, true, true, false]);
});

describe('the director at an address', () => {
  const config = configOf();
  const multicast: Config = {
    ...config,
    instances: config.instances.map((one) => ({
      ...one,
      foreignPeers: ['fe80::9' as Address],
      speakers: one.speakers.map((speaker) => ({ ...speaker, source: null })),
    })),
  };

  it.each([
    [config, '10.77.2.11', 'lb1'],
    [config, '10.77.2.12', undefined],
    [config, '10.77.2.9', undefined],
    [multicast, 'fe80::1', 'lb1'],
    [multicast, 'fe80::9', undefined],
  ] as const)(
    'is the one that advertises from there, or the only one that does so from a link-local one: %#',
    (one, at, name) => {
      expect(directorAt(one, 'lb2', 'public', at as Address)).toBe(name);
    },
  );

  it('is not guessed where two might be meant', () => {
    expect(directorAt(multicast, 'lb3', 'public', 'fe80::1' as Address)).toBeUndefined();
  });
});
