/** Services and destinations of IPVS for tests: what a case does not name is as plain as it can be. */
import type { Address } from '../../src/wire/address.ts';
import type { IpvsDestination, IpvsService, ServiceId } from '../../src/wire/ipvs.ts';

export function serviceOf(id: ServiceId, rest: Partial<IpvsService> = {}): IpvsService {
  const plain = { onePacket: false, schedulerFallback: false, schedulerPort: false, persistence: null };
  return { id, scheduler: 'rr', ...plain, ...rest };
}

export function destinationOf(address: string, port: number, rest: Partial<IpvsDestination> = {}): IpvsDestination {
  const plain = { weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: null };
  return { address: address as Address, port, forward: 'dr', ...plain, ...rest };
}
