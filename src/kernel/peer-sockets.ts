/**
 * Sockets that speak with one peer, for probes: UDP, and echo of ICMP or ICMPv6. The kernel drops what others send, and tells of
 * every ICMP error about what was sent (IP_RECVERR, ip(7)): Node's own sockets hear of a closed port, never of a host that is gone.
 */
import { type Address, type Family, familyOf } from '../wire/address.ts';
import { ECHO_REPLY } from '../wire/icmp-echo.ts';
import { errnoName } from './kernel-error.ts';
import {
  AF_INET,
  AF_INET6,
  EAGAIN,
  ICMP_FILTER,
  ICMPV6_FILTER,
  IP_RECVERR,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVERR,
  SO_MARK,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_RAW,
  SOL_SOCKET,
} from './linux-abi.ts';
import { type Rawio, READABLE } from './rawio.ts';
import { inetSockaddr } from './socket-address.ts';

export interface Peer {
  readonly kind: 'udp' | 'echo';
  readonly address: Address;
  /** 0 for echo. */
  readonly port: number;
  /** Where it is sent from; null and 0: as the kernel chooses. */
  readonly from: { readonly address: Address | null; readonly port: number } | null;
  /** Firewall mark of what is sent (SO_MARK, socket(7)); null: none. */
  readonly mark: number | null;
}

export interface PeerHandlers {
  /** A datagram of the peer; of echo an ICMP message without its IP header. */
  onData(bytes: Uint8Array): void;
  /** `ECONNREFUSED`: the socket could not be made, or something could not be sent, or came back as an ICMP error. Once; it is closed then. @param isUnsent - it failed here, before anything was sent */
  onError(code: string, isUnsent: boolean): void;
}

export interface PeerSocket {
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface PeerSockets {
  /** Never throws; may call `onError` before it returns. */
  open(peer: Peer, handlers: PeerHandlers): PeerSocket;
}

/** More than any datagram. One for all: what came is copied out at once. */
const into = new Uint8Array(65_536);
/** Of one socket in one turn, so that a flood does not keep the others waiting. */
const READS_A_WAKEUP = 16;
const ON = new Uint8Array(Int32Array.of(1).buffer);
const CLOSED: PeerSocket = { send: () => {}, close: () => {} };

export function openPeerSockets(rawio: Rawio): PeerSockets {
  return {
    open(peer, handlers) {
      const family = familyOf(peer.address);
      const fd = connected(rawio, peer, family);
      if (fd < 0) {
        handlers.onError(errnoName(-fd), true);
        return CLOSED;
      }
      let isOpen = true;
      const fail = (errno: number, isUnsent: boolean): void => {
        close();
        handlers.onError(errnoName(errno), isUnsent);
      };
      const poll = rawio.poll(fd, READABLE, () => {
        for (let count = 0; isOpen && count < READS_A_WAKEUP; count++) {
          const length = rawio.recvmsg(fd, into, null, null, 0);
          if (length === -EAGAIN) return;
          if (length < 0) fail(-length, false);
          else handlers.onData(messageIn(into.slice(0, length), peer.kind, family));
        }
      });
      if (typeof poll === 'number') {
        rawio.close(fd);
        handlers.onError(errnoName(-poll), true);
        return CLOSED;
      }
      function close(): void {
        if (!isOpen || typeof poll === 'number') return;
        isOpen = false;
        rawio.pollStop(poll);
        rawio.close(fd);
      }
      return {
        send: (bytes) => {
          if (!isOpen) return;
          const result = rawio.sendmsg(fd, bytes, null, null, 0);
          if (result < 0) fail(-result, true);
        },
        close,
      };
    },
  };
}

/** raw(7): of IPv4 the header comes along, of IPv6 it does not. */
function messageIn(bytes: Uint8Array, kind: Peer['kind'], family: Family): Uint8Array {
  return kind === 'echo' && family === 4 ? bytes.subarray(((bytes[0] ?? 0) & 15) * 4) : bytes;
}

/** @returns its descriptor, or −errno */
function connected(rawio: Rawio, { kind, address, port, from, mark }: Peer, family: Family): number {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const fd =
    kind === 'udp'
      ? rawio.socket(domain, SOCK_DGRAM, 0)
      : rawio.socket(domain, SOCK_RAW, family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  if (fd < 0) return fd;
  const any = (family === 4 ? '0.0.0.0' : '::') as Address;
  const steps = [
    () => (kind === 'udp' ? 0 : onlyReplies(rawio, fd, family)),
    () =>
      family === 4
        ? rawio.setsockopt(fd, IPPROTO_IP, IP_RECVERR, ON)
        : rawio.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, ON),
    // Of several that share a port each hears its own peer: the kernel takes the one that is connected to the sender.
    () => (from === null || from.port === 0 ? 0 : rawio.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ON)),
    () => (mark === null ? 0 : rawio.setsockopt(fd, SOL_SOCKET, SO_MARK, new Uint8Array(Uint32Array.of(mark).buffer))),
    () => (from === null ? 0 : rawio.bind(fd, inetSockaddr(from.address ?? any, from.port, 0))),
    () => rawio.connect(fd, inetSockaddr(address, port, 0)),
  ];
  for (const step of steps) {
    const result = step();
    if (result >= 0) continue;
    rawio.close(fd);
    return result;
  }
  return fd;
}

/** A bit set keeps a type out (RFC 3542 section 3.2); errors come another way. */
function onlyReplies(rawio: Rawio, fd: number, family: Family): number {
  const type = ECHO_REPLY[family];
  const filter = new Uint32Array(family === 4 ? 1 : 8).fill(0xffff_ffff);
  filter[type >> 5] = (0xffff_ffff & ~(1 << (type & 31))) >>> 0;
  const bytes = new Uint8Array(filter.buffer);
  return family === 4
    ? rawio.setsockopt(fd, SOL_RAW, ICMP_FILTER, bytes)
    : rawio.setsockopt(fd, IPPROTO_ICMPV6, ICMPV6_FILTER, bytes);
}
