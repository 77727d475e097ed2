/**
 * IPVS over generic netlink (uapi/linux/ip_vs.h; net/netfilter/ipvs/ip_vs_ctl.c): services and destinations ⇄ attributes.
 * Everything is in host order but addresses and ports, and the IPv4 netmask.
 */
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from './address.ts';
import { MalformedError, Writer } from './cursor.ts';
import { decodeGeneric, encodeGeneric } from './genetlink.ts';
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
import { type Attributes, AttributeWriter } from './netlink.ts';

export const IPVS_FAMILY = 'IPVS';
const VERSION = 1;

export const CMD = {
  newService: 1, setService: 2, deleteService: 3, getService: 4,
  newDestination: 5, setDestination: 6, deleteDestination: 7, getDestination: 8,
  newDaemon: 9, deleteDaemon: 10, getDaemon: 11,
  setConfig: 12, getConfig: 13, getInfo: 15, flush: 17,
} as const; // biome-ignore format: as the header groups them

export const CMD_ATTR = {
  service: 1,
  destination: 2,
  daemon: 3,
  timeoutTcp: 4,
  timeoutTcpFin: 5,
  timeoutUdp: 6,
} as const;

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

const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
const FAMILIES = { 4: 2, 6: 10 } as const;

/** A generic netlink payload that makes this change. */
export function encodeChange(change: IpvsChange): Uint8Array {
  const attributes = new AttributeWriter();
  if ('service' in change)
    return encode(change.op, attributes.nested(CMD_ATTR.service, serviceAttributes(change.service)));
  attributes.nested(CMD_ATTR.service, identityAttributes(change.id));
  if (change.op === 'delete-service') return encode(change.op, attributes);
  const destination =
    change.op === 'delete-destination'
      ? destinationIdentity(change.destination)
      : destinationAttributes(change.destination);
  return encode(change.op, attributes.nested(CMD_ATTR.destination, destination));
}

const COMMANDS: Readonly<Record<IpvsChange['op'], number>> = {
  'new-service': CMD.newService,
  'set-service': CMD.setService,
  'delete-service': CMD.deleteService,
  'new-destination': CMD.newDestination,
  'set-destination': CMD.setDestination,
  'delete-destination': CMD.deleteDestination,
};

function encode(op: IpvsChange['op'], attributes: AttributeWriter): Uint8Array {
  return encodeCommand(COMMANDS[op], attributes);
}

export function encodeCommand(command: number, attributes = new AttributeWriter()): Uint8Array {
  return encodeGeneric(command, VERSION, attributes);
}

/** The dump of a service's destinations. */
export function encodeDestinationDump(id: ServiceId): Uint8Array {
  return encodeCommand(CMD.getDestination, new AttributeWriter().nested(CMD_ATTR.service, identityAttributes(id)));
}

function identityAttributes(id: ServiceId): AttributeWriter {
  const out = new AttributeWriter().u16(SERVICE_ATTR.family, FAMILIES[familyOfService(id)]);
  if (id.kind === 'mark') return out.u32(SERVICE_ATTR.mark, id.mark);
  return out
    .u16(SERVICE_ATTR.protocol, PROTOCOLS[id.protocol])
    .raw(SERVICE_ATTR.address, inetAddress(id.address))
    .u16Network(SERVICE_ATTR.port, id.port);
}

function serviceAttributes(service: IpvsService): AttributeWriter {
  const { id, persistence } = service;
  const family = familyOfService(id);
  const flags =
    (persistence === null ? 0 : FLAG.persistent) |
    (service.onePacket ? FLAG.onePacket : 0) |
    (service.schedulerFallback ? FLAG.scheduler1 : 0) |
    (service.schedulerPort ? FLAG.scheduler2 : 0);
  return identityAttributes(id)
    .text(SERVICE_ATTR.scheduler, service.scheduler)
    .raw(SERVICE_ATTR.flags, new Writer(8).u32Host(flags).u32Host(0xffff_ffff).done())
    .u32(SERVICE_ATTR.timeout, seconds(persistence?.timeoutMs ?? 0))
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

function destinationIdentity({ address, port }: DestinationId): AttributeWriter {
  return new AttributeWriter()
    .u16(DESTINATION_ATTR.family, FAMILIES[familyOf(address)])
    .raw(DESTINATION_ATTR.address, inetAddress(address))
    .u16Network(DESTINATION_ATTR.port, port);
}

function destinationAttributes(destination: IpvsDestination): AttributeWriter {
  const { tunnel } = destination;
  const out = destinationIdentity(destination)
    .u32(DESTINATION_ATTR.forward, FORWARDING.indexOf(destination.forward))
    .u32(DESTINATION_ATTR.weight, destination.weight)
    .u32(DESTINATION_ATTR.upper, destination.upperThreshold)
    .u32(DESTINATION_ATTR.lower, destination.lowerThreshold);
  if (tunnel === null) return out;
  return out
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
  const number = attributes.get(DESTINATION_ATTR.tunnelType)?.[0];
  if (number === undefined) return { type: 'ipip', port: 0, checksum: 'none' };
  const flags = attributes.get(DESTINATION_ATTR.tunnelFlags);
  return {
    type: TUNNEL_TYPES[number] ?? 'ipip',
    port: attributes.u16Network(DESTINATION_ATTR.tunnelPort),
    checksum: TUNNEL_CHECKSUMS[flags?.[0] ?? 0] ?? 'none',
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

/** union nf_inet_addr: 16 bytes, IPv4 in the first four. */
function inetAddress(address: Address): Uint8Array {
  const out = new Uint8Array(16);
  out.set(addressBytes(address));
  return out;
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

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
