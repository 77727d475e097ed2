/** The socket options of a VRRP socket, each with its reason. */
import type { Address } from '../wire/address.ts';
import {
  IP_ADD_MEMBERSHIP,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_PKTINFO,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_ADD_MEMBERSHIP,
  IPV6_CHECKSUM,
  IPV6_FREEBIND,
  IPV6_MULTICAST_ALL,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  SO_BINDTODEVICE,
  SOL_SOCKET,
} from './linux-abi.ts';
import { membership } from './socket-address.ts';
import type { VrrpSocketOptions } from './vrrp-socket.ts';

interface SocketOption {
  readonly level: number;
  readonly name: number;
  readonly value: Uint8Array;
}

/** RFC 9568 section 5.1.1.3: 255, so that a receiver knows that no router forwarded it. */
const VRRP_TTL = 255;
/** Precedence "internetwork control", as routing protocols send (RFC 791); keepalived and FRR do the same. */
const VRRP_TOS = 0xc0;
/** Where the checksum lies in the VRRP message; for IPv6 the kernel computes it over its pseudo-header. */
const CHECKSUM_OFFSET = 6;

const ANY_V4 = '0.0.0.0' as Address;

export function vrrpSocketOptions(options: VrrpSocketOptions, ifindex: number): readonly SocketOption[] {
  const device = new TextEncoder().encode(`${options.interface}\0`);
  // First: a packet of another interface must not slip in before it.
  const bound = { level: SOL_SOCKET, name: SO_BINDTODEVICE, value: device };
  return [bound, ...(options.family === 4 ? optionsV4(options, ifindex) : optionsV6(options, ifindex))];
}

function optionsV4({ group, transport, sendsOnly }: VrrpSocketOptions, ifindex: number): SocketOption[] {
  const set = (name: number, value: number | Uint8Array): SocketOption => ({
    level: IPPROTO_IP,
    name,
    value: typeof value === 'number' ? word(value) : value,
  });
  const both = [set(IP_TTL, VRRP_TTL), set(IP_TOS, VRRP_TOS), set(IP_PKTINFO, 1), set(IP_RECVTTL, 1)];
  if (transport === 'unicast') return [...both, set(IP_MULTICAST_ALL, 0)];
  return [
    ...both,
    set(IP_MULTICAST_TTL, VRRP_TTL),
    set(IP_MULTICAST_LOOP, 0),
    // Only groups that this very socket joined, not those of every socket of the host.
    set(IP_MULTICAST_ALL, 0),
    set(IP_MULTICAST_IF, membership(ANY_V4, ifindex)),
    ...(sendsOnly ? [] : [set(IP_ADD_MEMBERSHIP, membership(group, ifindex))]),
  ];
}

function optionsV6({ group, transport, sendsOnly }: VrrpSocketOptions, ifindex: number): SocketOption[] {
  const set = (name: number, value: number | Uint8Array): SocketOption => ({
    level: IPPROTO_IPV6,
    name,
    value: typeof value === 'number' ? word(value) : value,
  });
  const both = [
    set(IPV6_UNICAST_HOPS, VRRP_TTL),
    set(IPV6_TCLASS, VRRP_TOS),
    set(IPV6_CHECKSUM, CHECKSUM_OFFSET),
    set(IPV6_RECVPKTINFO, 1),
    set(IPV6_RECVHOPLIMIT, 1),
  ];
  if (transport === 'unicast') return [...both, set(IPV6_MULTICAST_ALL, 0)];
  return [
    ...both,
    set(IPV6_MULTICAST_HOPS, VRRP_TTL),
    set(IPV6_MULTICAST_LOOP, 0),
    set(IPV6_MULTICAST_ALL, 0),
    set(IPV6_MULTICAST_IF, ifindex),
    // A link-local source would else have to be on the very interface that it is sent from.
    sendsOnly ? set(IPV6_FREEBIND, 1) : set(IPV6_ADD_MEMBERSHIP, membership(group, ifindex)),
  ];
}

function word(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
