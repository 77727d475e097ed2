/** Socket addresses and control messages as bytes: struct sockaddr_*, mreqn, pktinfo (uapi/linux/in.h, in6.h, if_packet.h). */
import { type Address, addressBytes, addressFromBytes, type Family } from '../wire/address.ts';
import { Writer } from '../wire/cursor.ts';
import { AF_INET, AF_INET6, AF_PACKET, AF_UNIX, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6 } from './linux-abi.ts';

const IPV6_PKTINFO = 50;
/** sizeof(struct cmsghdr): length u64 | level i32 | type i32. */
const CMSG_HEADER = 16;

/** @param scopeId the interface of a link-local IPv6 address, else 0. */
export function inetSockaddr(address: Address, port: number, scopeId: number): Uint8Array {
  const bytes = addressBytes(address);
  const out = new Writer(28).u16Host(bytes.length === 4 ? AF_INET : AF_INET6).u16(port);
  if (bytes.length === 4) return out.bytes(bytes).zeros(8).done();
  return out.u32(0).bytes(bytes).u32Host(scopeId).done();
}

/** The address of a sockaddr_in or sockaddr_in6 that the kernel filled. */
export function sockaddrAddress(sockaddr: Uint8Array, family: Family): Address {
  return addressFromBytes(family === 4 ? sockaddr.subarray(4, 8) : sockaddr.subarray(8, 24));
}

/**
 * sockaddr_ll with only the interface: a frame that is sent carries everything else.
 * @param etherType - to receive; 0: nothing
 */
export function packetSockaddr(ifindex: number, etherType = 0): Uint8Array {
  return new Writer(20).u16Host(AF_PACKET).u16(etherType).u32Host(ifindex).zeros(12).done();
}

/** A path, or an abstract name written with a leading `@`. */
export function unixSockaddr(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (path.startsWith('@')) name[0] = 0;
  return new Writer(110)
    .u16Host(AF_UNIX)
    .bytes(name)
    .zeros(path.startsWith('@') ? 0 : 1)
    .done();
}

/** ip_mreqn or ipv6_mreq: a group on an interface. */
export function membership(group: Address, ifindex: number): Uint8Array {
  const bytes = addressBytes(group);
  const out = new Writer(20).bytes(bytes);
  return (bytes.length === 4 ? out.zeros(4) : out).u32Host(ifindex).done();
}

/** A control message that fixes a packet's source address and interface. */
export function packetInfo(source: Address, ifindex: number): Uint8Array {
  const bytes = addressBytes(source);
  const isV4 = bytes.length === 4;
  const length = CMSG_HEADER + (isV4 ? 12 : 20);
  const header = new Writer(40)
    .u32Host(length)
    .u32Host(0)
    .u32Host(isV4 ? IPPROTO_IP : IPPROTO_IPV6)
    .u32Host(isV4 ? IP_PKTINFO : IPV6_PKTINFO);
  if (isV4) header.u32Host(ifindex).bytes(bytes).zeros(4);
  else header.bytes(bytes).u32Host(ifindex);
  return header.zeros((8 - (length % 8)) % 8).done();
}
