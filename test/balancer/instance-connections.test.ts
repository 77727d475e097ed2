import { expect, it } from 'vitest';
import { instanceConnections } from '../../src/balancer/instance-connections.ts';
import type { Address } from '../../src/wire/address.ts';
import type { ServiceEntry, ServiceId } from '../../src/wire/ipvs.ts';
import { storedConfig, webTopology } from '../agent/config.ts';

const STATS = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

function entry(id: ServiceId, active: number, inactive: number): ServiceEntry {
  const flags = { onePacket: false, schedulerFallback: false, schedulerPort: false, persistence: null };
  const destination = { address: '10.77.1.21' as Address, port: 80, forward: 'dr', weight: 1 } as const;
  const rest = { upperThreshold: 0, lowerThreshold: 0, tunnel: null };
  const counters = { active, inactive, persistent: 0, stats: STATS };
  return {
    service: { id, scheduler: 'rr', ...flags },
    stats: STATS,
    destinations: [{ destination: { ...destination, ...rest }, ...counters }],
  };
}

it("counts what is open or closing on the instance's addresses and their marks, and nothing else", () => {
  const { config } = storedConfig(webTopology({ ports: [80], listen: '[10.77.1.100:80]', service: '    fwmark: 6\n' }));
  const at = (address: string, protocol: 'tcp' | 'udp' = 'tcp'): ServiceId => ({
    kind: 'address',
    protocol,
    address: address as Address,
    port: 80,
  });
  const entries = [
    entry(at('10.77.1.100'), 1, 2),
    entry(at('10.77.1.100', 'udp'), 0, 4),
    entry({ kind: 'mark', mark: 6, family: 4 }, 8, 16),
    entry(at('10.77.1.101'), 32, 64),
    entry({ kind: 'mark', mark: 7, family: 4 }, 128, 256),
  ];
  expect(instanceConnections(config, 'public', entries)).toBe(31);
  expect(instanceConnections(config, 'gone', entries)).toBe(0);
});
