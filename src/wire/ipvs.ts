/**
 * IPVS as values: services, destinations, counters, and changes to the kernel's table. What the kernel calls a service is one
 * listener or one firewall mark (ipvsadm(8)); how it travels is in ipvs-codec.ts.
 */
import { type Address, type Family, familyOf } from './address.ts';

export type ServiceId =
  | {
      readonly kind: 'address';
      readonly protocol: 'tcp' | 'udp' | 'sctp';
      readonly address: Address;
      readonly port: number;
    }
  | { readonly kind: 'mark'; readonly mark: number; readonly family: Family };

export interface IpvsService {
  readonly id: ServiceId;
  readonly scheduler: string;
  readonly onePacket: boolean;
  /** Scheduler flag 1, what sh and mh call fallback. */
  readonly schedulerFallback: boolean;
  /** Scheduler flag 2, what sh and mh call port. */
  readonly schedulerPort: boolean;
  /** Prefix length by which clients are grouped: 32 or 128 for single clients. Timeout in ms, a multiple of 1000. */
  readonly persistence: { readonly timeoutMs: number; readonly prefixLength: number } | null;
}

/** dr, nat, tun, and what only the kernel itself makes: local and bypass. */
export type Forwarding = 'dr' | 'nat' | 'tun' | 'local' | 'bypass';

export interface Tunnel {
  readonly type: 'ipip' | 'gue' | 'gre';
  /** GUE's UDP port, else 0. */
  readonly port: number;
  readonly checksum: 'none' | 'full' | 'remote';
}

export interface DestinationId {
  readonly address: Address;
  readonly port: number;
}

export interface IpvsDestination extends DestinationId {
  readonly forward: Forwarding;
  readonly weight: number;
  /** Connections; 0: no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** Meant only with `forward: 'tun'`; null elsewhere. */
  readonly tunnel: Tunnel | null;
}

/** Totals since the entry was made. Numbers: exact up to 2^53. */
export interface IpvsStats {
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

export interface DestinationEntry {
  readonly destination: IpvsDestination;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly stats: IpvsStats;
}

export interface ServiceEntry {
  readonly service: IpvsService;
  readonly stats: IpvsStats;
  readonly destinations: readonly DestinationEntry[];
}

export type IpvsChange =
  | { readonly op: 'new-service' | 'set-service'; readonly service: IpvsService }
  | { readonly op: 'delete-service'; readonly id: ServiceId }
  | {
      readonly op: 'new-destination' | 'set-destination';
      readonly id: ServiceId;
      readonly destination: IpvsDestination;
    }
  | { readonly op: 'delete-destination'; readonly id: ServiceId; readonly destination: DestinationId };

/** Kernel-wide connection timeouts, ms, multiples of 1000. */
export interface IpvsTimeouts {
  readonly tcpMs: number;
  readonly tcpFinMs: number;
  readonly udpMs: number;
}

/** A connection sync daemon (ipvsadm --start-daemon). */
export interface SyncDaemon {
  readonly role: 'master' | 'backup';
  readonly interface: string;
  readonly id: number;
  /** Bytes of a sync message; 0: the kernel's default. */
  readonly maxlen: number;
  readonly group: Address;
  readonly port: number;
  readonly ttl: number;
}

export function familyOfService(id: ServiceId): Family {
  return id.kind === 'mark' ? id.family : familyOf(id.address);
}

/** `tcp 10.77.1.100:80`, `tcp [2001:db8::1]:80`, `fwm 5`, `fwm6 5`: one text for one kernel service, for maps and messages. */
export function serviceKey(id: ServiceId): string {
  if (id.kind === 'mark') return `${id.family === 4 ? 'fwm' : 'fwm6'} ${id.mark}`;
  return `${id.protocol} ${destinationKey(id)}`;
}

/** `10.77.1.21:80`, `[2001:db8::1]:80`. */
export function destinationKey({ address, port }: DestinationId): string {
  return familyOf(address) === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}
