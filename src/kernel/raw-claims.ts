/**
 * {@link ClaimListener} on the real kernel. ARP comes through a packet socket for its ether type alone; neighbour advertisements
 * through a raw ICMPv6 socket that lets nothing else pass, so that the traffic of a busy interface never wakes us.
 */
import type { Family } from '../wire/address.ts';
import { parseArpSender } from '../wire/arp.ts';
import { parseNeighbourAdvertisement } from '../wire/ndp.ts';
import type { Claim, ClaimListener } from './claims.ts';
import { KernelError } from './kernel-error.ts';
import {
  AF_INET6,
  AF_PACKET,
  ETH_P_ARP,
  ICMPV6_FILTER,
  IPPROTO_ICMPV6,
  IPPROTO_IPV6,
  IPV6_RECVHOPLIMIT,
  SO_BINDTODEVICE,
  SOCK_RAW,
  SOL_SOCKET,
} from './linux-abi.ts';
import { META, type Rawio, READABLE } from './rawio.ts';
import { packetSockaddr } from './socket-address.ts';

/** More than any message that counts. */
const RECEIVE_BYTES = 2048;
/** So that a storm of ARP does not keep the timers of advertisements waiting. */
const READS_A_WAKEUP = 64;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** RFC 4861 section 7.1.2: no router has forwarded it. */
const HOP_LIMIT = 255;

export function openClaimListener(rawio: Rawio): ClaimListener {
  return {
    listen: (interfaceName, family, onClaim) => {
      const fd = openSocket(rawio, interfaceName, family);
      if (fd instanceof KernelError) return fd;
      const poll = rawio.poll(fd, READABLE, () => read(rawio, fd, (bytes, hopLimit) => tell(bytes, hopLimit)));
      let isOpen = true;
      const tell = (bytes: Uint8Array, hopLimit: number): boolean => {
        const said = family === 4 ? arpClaim(bytes) : advertisedClaim(bytes, hopLimit);
        if (said !== undefined) onClaim({ interface: interfaceName, ...said });
        return isOpen; // whoever heard it may have heard enough
      };
      if (typeof poll === 'number') {
        rawio.close(fd);
        return problem(interfaceName, poll);
      }
      return () => {
        isOpen = false;
        rawio.pollStop(poll);
        rawio.close(fd);
      };
    },
  };
}

type Said = Omit<Claim, 'interface'>;

/** One who only asks has no address yet (RFC 5227 section 1.1). */
function arpClaim(frame: Uint8Array): Said | undefined {
  const sender = parseArpSender(frame);
  return sender?.address === '0.0.0.0' ? undefined : sender;
}

function advertisedClaim(message: Uint8Array, hopLimit: number): Said | undefined {
  return hopLimit === HOP_LIMIT ? parseNeighbourAdvertisement(message) : undefined;
}

function read(rawio: Rawio, fd: number, take: (bytes: Uint8Array, hopLimit: number) => boolean): void {
  const [into, meta] = [new Uint8Array(RECEIVE_BYTES), new Int32Array(META.size)];
  for (let count = 0; count < READS_A_WAKEUP; count++) {
    const length = rawio.recvmsg(fd, into, null, meta, 0);
    if (length < 0) return; // nothing more; or ENETDOWN, of which the link's own event tells
    if (!take(into.subarray(0, length), meta[META.ttl] ?? -1)) return;
  }
}

/** @returns its descriptor */
function openSocket(rawio: Rawio, interfaceName: string, family: Family): number | KernelError {
  const ifindex = rawio.ifIndex(interfaceName);
  if (ifindex < 0) return problem(interfaceName, ifindex);
  // protocol 0: nothing comes before it is bound
  const fd = family === 4 ? rawio.socket(AF_PACKET, SOCK_RAW, 0) : rawio.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  if (fd < 0) return problem(interfaceName, fd);
  const result = family === 4 ? rawio.bind(fd, packetSockaddr(ifindex, ETH_P_ARP)) : narrow(rawio, fd, interfaceName);
  if (result >= 0) return fd;
  rawio.close(fd);
  return problem(interfaceName, result);
}

/** To one interface, and to neighbour advertisements: a bit set keeps a type out (RFC 3542 section 3.2). */
function narrow(rawio: Rawio, fd: number, interfaceName: string): number {
  const filter = new Uint32Array(8).fill(0xffff_ffff);
  filter[NEIGHBOUR_ADVERTISEMENT >> 5] = (0xffff_ffff & ~(1 << (NEIGHBOUR_ADVERTISEMENT & 31))) >>> 0;
  const options = [
    [IPPROTO_ICMPV6, ICMPV6_FILTER, new Uint8Array(filter.buffer)],
    [SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(`${interfaceName}\0`)],
    [IPPROTO_IPV6, IPV6_RECVHOPLIMIT, new Uint8Array(Int32Array.of(1).buffer)],
  ] as const;
  for (const [level, name, value] of options) {
    const result = rawio.setsockopt(fd, level, name, value);
    if (result < 0) return result;
  }
  return 0;
}

function problem(interfaceName: string, result: number): KernelError {
  return new KernelError({ operation: 'listen to neighbours', target: `dev ${interfaceName}`, errno: -result });
}
