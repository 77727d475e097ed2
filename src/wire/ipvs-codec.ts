/**
 * IPVS over generic netlink (uapi/linux/ip_vs.h; net/netfilter/ipvs/ip_vs_ctl.c): services and destinations ⇄ attributes.
 * Everything is in host order but addresses and ports, and the IPv4 netmask.
 */
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from './address.ts';
import { MalformedError, Writer } from './cursor.ts';
import { decodeGeneric } from './genetlink.ts';
import {
  type DestinationEntry,
  type DestinationId,
  type Forwarding,
  familyOfService,
  type IpvsChange,
  type IpvsDestination,
  type IpvsService,
  type IpvsStats,
  type ServiceEntry,
  type ServiceId,
  type Tunnel,
} from './ipvs.ts';
import { CMD, CMD_ATTR, encodeCommand } from './ipvs-command.ts';
import type { Attributes, AttributeWriter } from './netlink-attributes.ts';

const SERVICE_ATTR = {
  family: 1, protocol: 2, address: 3, port: 4, mark: 5, scheduler: 6, flags: 7, timeout: 8, netmask: 9, stats64: 12,
} as const; // biome-ignore format: a table

const DESTINATION_ATTR = {
  address: 1, port: 2, forward: 3, weight: 4, upper: 5, lower: 6, active: 7, inactive: 8, persistent: 9,
  family: 11, stats64: 12, tunnelType: 13, tunnelPort: 14, tunnelFlags: 15,
} as const; // biome-ignore format: a table

const STATS_ATTR = { connections: 1, inPackets: 2, outPackets: 3, inBytes: 4, outBytes: 5 } as const;

const FLAG = { persistent: 0x1, onePacket: 0x4, scheduler1: 0x8, scheduler2: 0x10 } as const;
const FORWARDING: readonly Forwarding[] = ['nat', 'local', 'tun', 'dr', 'bypass'];
const FORWARDING_MASK = 0x7;
const TUNNEL_TYPES: readonly Tunnel['type'][] = ['ipip', 'gue', 'gre'];
const TUNNEL_CHECKSUMS: readonly Tunnel['checksum'][] = ['none', 'full', 'remote'];

/** union nf_inet_addr: IPv4 in the first four, zeros after. */
const INET_ADDRESS_BYTES = 16;

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
const FAMILIES = { 4: 2, 6: 10 } as const;

/** A generic netlink payload that makes this change. */
export function encodeChange(change: IpvsChange): Uint8Array {
  return encodeCommand(COMMANDS[change.op], (out) => {
    if ('service' in change) {
      out.nested(CMD_ATTR.service, (inner) => putService(inner, change.service));
      return;
    }
    out.nested(CMD_ATTR.service, (inner) => putIdentity(inner, change.id));
    if (change.op === 'delete-service') return;
    out.nested(CMD_ATTR.destination, (inner) => {
      putDestinationIdentity(inner, change.destination);
      if (change.op !== 'delete-destination') putDestination(inner, change.destination);
    });
  });
}

const COMMANDS: Readonly<Record<IpvsChange['op'], number>> = {
  'new-service': CMD.newService,
  'set-service': CMD.setService,
  'delete-service': CMD.deleteService,
  'new-destination': CMD.newDestination,
  'set-destination': CMD.setDestination,
  'delete-destination': CMD.deleteDestination,
};

/** The dump of a service's destinations. */
export function encodeDestinationDump(id: ServiceId): Uint8Array {
  return encodeCommand(CMD.getDestination, (out) => out.nested(CMD_ATTR.service, (inner) => putIdentity(inner, id)));
}

function putIdentity(out: AttributeWriter, id: ServiceId): void {
  out.u16(SERVICE_ATTR.family, FAMILIES[familyOfService(id)]);
  if (id.kind === 'mark') {
    out.u32(SERVICE_ATTR.mark, id.mark);
    return;
  }
  out
    .u16(SERVICE_ATTR.protocol, PROTOCOLS[id.protocol])
    .raw(SERVICE_ATTR.address, addressBytes(id.address), INET_ADDRESS_BYTES)
    .u16Network(SERVICE_ATTR.port, id.port);
}

function putService(out: AttributeWriter, service: IpvsService): void {
  const { id, persistence } = service;
  const family = familyOfService(id);
  const flags =
    (persistence === null ? 0 : FLAG.persistent) |
    (service.onePacket ? FLAG.onePacket : 0) |
    (service.schedulerFallback ? FLAG.scheduler1 : 0) |
    (service.schedulerPort ? FLAG.scheduler2 : 0);
  putIdentity(out, id);
  out
    .text(SERVICE_ATTR.scheduler, service.scheduler)
    .raw(SERVICE_ATTR.flags, new Writer(8).u32Host(flags).u32Host(0xffff_ffff).done())
    .u32(SERVICE_ATTR.timeout, Math.ceil((persistence?.timeoutMs ?? 0) / 1000))
    .raw(SERVICE_ATTR.netmask, encodeNetmask(family, persistence?.prefixLength ?? (family === 4 ? 32 : 128)));
}

/** One attribute, two meanings: IPv4's mask in network order, IPv6's prefix length as a number in host order. */
function encodeNetmask(family: Family, prefixLength: number): Uint8Array {
  if (family === 6) return new Writer(4).u32Host(prefixLength).done();
  return new Writer(4).u32(prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0).done();
}

function decodeNetmask(family: Family, attributes: Attributes): number {
  const value = attributes.u32(SERVICE_ATTR.netmask);
  if (family === 6) return value;
  return [...value.toString(2)].filter((bit) => bit === '1').length;
}

/** A service and its totals, without its destinations. @throws MalformedError */
export function decodeService(payload: Uint8Array): Omit<ServiceEntry, 'destinations'> {
  const attributes = decodeGeneric(payload).attributes.nested(CMD_ATTR.service);
  const family = decodeFamily(attributes.u16(SERVICE_ATTR.family));
  const flags = attributes.u32(SERVICE_ATTR.flags);
  const persistence = {
    timeoutMs: attributes.u32(SERVICE_ATTR.timeout) * 1000,
    prefixLength: decodeNetmask(family, attributes),
  };
  const service: IpvsService = {
    id: decodeIdentity(family, attributes),
    scheduler: attributes.text(SERVICE_ATTR.scheduler),
    onePacket: (flags & FLAG.onePacket) !== 0,
    schedulerFallback: (flags & FLAG.scheduler1) !== 0,
    schedulerPort: (flags & FLAG.scheduler2) !== 0,
    persistence: (flags & FLAG.persistent) === 0 ? null : persistence,
  };
  return { service, stats: decodeStats(attributes.nested(SERVICE_ATTR.stats64)) };
}

function decodeIdentity(family: Family, attributes: Attributes): ServiceId {
  if (attributes.get(SERVICE_ATTR.mark) !== undefined) {
    return { kind: 'mark', mark: attributes.u32(SERVICE_ATTR.mark), family };
  }
  const address = decodeInetAddress(attributes.need(SERVICE_ATTR.address), family);
  return {
    kind: 'address',
    protocol: decodeProtocol(attributes.u16(SERVICE_ATTR.protocol)),
    address,
    port: attributes.u16Network(SERVICE_ATTR.port),
  };
}

function putDestinationIdentity(out: AttributeWriter, { address, port }: DestinationId): void {
  out
    .u16(DESTINATION_ATTR.family, FAMILIES[familyOf(address)])
    .raw(DESTINATION_ATTR.address, addressBytes(address), INET_ADDRESS_BYTES)
    .u16Network(DESTINATION_ATTR.port, port);
}

function putDestination(out: AttributeWriter, destination: IpvsDestination): void {
  const { tunnel } = destination;
  out
    .u32(DESTINATION_ATTR.forward, FORWARDING.indexOf(destination.forward))
    .u32(DESTINATION_ATTR.weight, destination.weight)
    .u32(DESTINATION_ATTR.upper, destination.upperThreshold)
    .u32(DESTINATION_ATTR.lower, destination.lowerThreshold);
  if (tunnel === null) return;
  out
    .u8(DESTINATION_ATTR.tunnelType, TUNNEL_TYPES.indexOf(tunnel.type))
    .u16Network(DESTINATION_ATTR.tunnelPort, tunnel.port)
    .u16(DESTINATION_ATTR.tunnelFlags, TUNNEL_CHECKSUMS.indexOf(tunnel.checksum));
}

/** @throws MalformedError */
export function decodeDestination(payload: Uint8Array, serviceFamily: Family): DestinationEntry {
  const attributes = decodeGeneric(payload).attributes.nested(CMD_ATTR.destination);
  const told =
    attributes.get(DESTINATION_ATTR.family) === undefined ? undefined : attributes.u16(DESTINATION_ATTR.family);
  const family = told === undefined ? serviceFamily : decodeFamily(told);
  const forward = FORWARDING[attributes.u32(DESTINATION_ATTR.forward) & FORWARDING_MASK];
  if (forward === undefined) throw new MalformedError('unknown forwarding method');
  return {
    destination: {
      address: decodeInetAddress(attributes.need(DESTINATION_ATTR.address), family),
      port: attributes.u16Network(DESTINATION_ATTR.port),
      forward,
      weight: attributes.u32(DESTINATION_ATTR.weight),
      upperThreshold: attributes.u32(DESTINATION_ATTR.upper),
      lowerThreshold: attributes.u32(DESTINATION_ATTR.lower),
      tunnel: forward === 'tun' ? decodeTunnel(attributes) : null,
    },
    active: attributes.u32(DESTINATION_ATTR.active),
    inactive: attributes.u32(DESTINATION_ATTR.inactive),
    persistent: attributes.u32(DESTINATION_ATTR.persistent),
    stats: decodeStats(attributes.nested(DESTINATION_ATTR.stats64)),
  };
}

/** Kernels before 5.2 know only IPIP and tell nothing. */
function decodeTunnel(attributes: Attributes): Tunnel {
  if (attributes.get(DESTINATION_ATTR.tunnelType) === undefined) return { type: 'ipip', port: 0, checksum: 'none' };
  const flags =
    attributes.get(DESTINATION_ATTR.tunnelFlags) === undefined ? 0 : attributes.u16(DESTINATION_ATTR.tunnelFlags);
  return {
    type: TUNNEL_TYPES[attributes.u8(DESTINATION_ATTR.tunnelType)] ?? 'ipip',
    port: attributes.u16Network(DESTINATION_ATTR.tunnelPort),
    checksum: TUNNEL_CHECKSUMS[flags] ?? 'none',
  };
}

function decodeStats(attributes: Attributes): IpvsStats {
  return {
    connections: attributes.u64(STATS_ATTR.connections),
    inPackets: attributes.u64(STATS_ATTR.inPackets),
    outPackets: attributes.u64(STATS_ATTR.outPackets),
    inBytes: attributes.u64(STATS_ATTR.inBytes),
    outBytes: attributes.u64(STATS_ATTR.outBytes),
  };
}

function decodeInetAddress(bytes: Uint8Array, family: Family): Address {
  const length = family === 4 ? 4 : 16;
  if (bytes.length < length) throw new MalformedError(`IPv${family} address of ${bytes.length} bytes`);
  return addressFromBytes(bytes.subarray(0, length));
}

function decodeFamily(number: number): Family {
  if (number === FAMILIES[4]) return 4;
  if (number === FAMILIES[6]) return 6;
  throw new MalformedError(`IPVS entry of family ${number}`);
}

function decodeProtocol(number: number): 'tcp' | 'udp' | 'sctp' {
  for (const protocol of ['tcp', 'udp', 'sctp'] as const) if (PROTOCOLS[protocol] === number) return protocol;
  throw new MalformedError(`IPVS service of protocol ${number}`);
}
