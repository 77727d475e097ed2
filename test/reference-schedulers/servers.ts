/** Servers and packets for tests of the algorithms. */
import type { Packet, Server } from './scheduler.ts';

/** `servers(3, 1)`: a with weight 3 and b with weight 1, both idle. */
export function servers(...weights: readonly number[]): Server[] {
  return weights.map((weight, index) => ({
    name: 'abcdefgh'[index] ?? 'z',
    address: `10.77.1.${21 + index}`,
    port: 80,
    weight,
    active: 0,
    inactive: 0,
    isOverloaded: false,
  }));
}

/** So many packets of one client to one address. */
export function packets(count: number): Packet[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ source: '10.77.1.254', sourcePort: 40_000 + index, destination: '10.77.1.100' },
  }));
}

/** One packet from each of so many addresses. */
export function clients(count: number): Packet[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ source: `10.99.${index >> 8}.${index & 255}`, sourcePort: 40_000, destination: '10.77.1.100' },
  }));
}
