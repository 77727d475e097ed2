/** {@link Addresses} on the real kernel, by rtnetlink. */
import { MalformedError } from '../wire/cursor.ts';
import { type NetlinkMessage, NLM_F_CREATE, NLM_F_REPLACE } from '../wire/netlink.ts';
import {
  type AddressMessage,
  decodeAddress,
  encodeAddress,
  encodeAddressDump,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from '../wire/rtnetlink.ts';
import { decodeLink, encodeLinkDump, RTM_DELLINK, RTM_GETLINK, RTM_NEWLINK } from '../wire/rtnetlink-link.ts';
import type { AddressEvents, Addresses, AddressRequest, KernelAddress, Link } from './addresses.ts';
import { KernelError } from './kernel-error.ts';
import { EADDRNOTAVAIL, ENODEV, NETLINK_ROUTE } from './linux-abi.ts';
import { watchRtnetlink } from './netlink-events.ts';
import { type Asked, NetlinkSocket } from './netlink-socket.ts';
import type { Rawio } from './rawio.ts';

/** @throws KernelError */
export function openAddresses(rawio: Rawio): Addresses {
  const socket = new NetlinkSocket(rawio, NETLINK_ROUTE);
  const watches = new Set<() => void>();
  return {
    links: () =>
      socket
        .dump({ type: RTM_GETLINK, flags: 0, payload: encodeLinkDump() }, { operation: 'list interfaces', target: '' })
        .filter(({ type }) => type === RTM_NEWLINK)
        .map(({ payload }) => decodeLink(payload)),
    addresses: () =>
      socket
        .dump(
          { type: RTM_GETADDR, flags: 0, payload: encodeAddressDump() },
          { operation: 'list addresses', target: '' },
        )
        .filter(({ type }) => type === RTM_NEWADDR)
        .map(({ payload }) => kernelAddress(decodeAddress(payload))),
    add: (request) => add(rawio, socket, request),
    remove: (target) => remove(rawio, socket, target),
    watch: (events) => {
      const stop = watchRtnetlink(rawio, {
        onMessage: (message) => dispatch(message, events),
        onLost: () => events.onLost(),
      });
      watches.add(stop);
      return () => {
        watches.delete(stop);
        stop();
      };
    },
    close: () => {
      for (const stop of watches) stop();
      watches.clear();
      socket.close();
    },
  };
}

/** The kernel's stamps count jiffies since boot, which CLOCK_MONOTONIC does, too. */
function kernelAddress({ createdCs, updatedCs, ...rest }: AddressMessage): KernelAddress {
  return { ...rest, createdAtMs: createdCs * 10, refreshedAtMs: updatedCs * 10 };
}

function add(rawio: Rawio, socket: NetlinkSocket, request: AddressRequest): KernelError | undefined {
  const payload = (ifindex: number): Uint8Array => encodeAddress({ ...request, ifindex });
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return attempt(rawio, socket, request, 'add address', { type: RTM_NEWADDR, flags, payload });
}

function remove(
  rawio: Rawio,
  socket: NetlinkSocket,
  target: Pick<AddressRequest, 'interface' | 'address' | 'prefixLength'>,
): KernelError | undefined {
  const payload = (ifindex: number): Uint8Array =>
    encodeAddress({ ...target, ifindex, scope: 'global', label: null, broadcast: null, validSeconds: null });
  const error = attempt(rawio, socket, target, 'remove address', { type: RTM_DELADDR, flags: 0, payload });
  return error?.errno === EADDRNOTAVAIL || error?.errno === ENODEV ? undefined : error;
}

interface AddressOrder {
  readonly type: number;
  readonly flags: number;
  readonly payload: (ifindex: number) => Uint8Array;
}

function attempt(
  rawio: Rawio,
  socket: NetlinkSocket,
  what: Pick<AddressRequest, 'interface' | 'address' | 'prefixLength'>,
  operation: string,
  order: AddressOrder,
): KernelError | undefined {
  const asked: Asked = { operation, target: `${what.address}/${what.prefixLength} dev ${what.interface}` };
  const ifindex = rawio.ifIndex(what.interface);
  if (ifindex < 0) return new KernelError({ ...asked, errno: -ifindex, detail: 'no such interface' });
  try {
    socket.request({ type: order.type, flags: order.flags, payload: order.payload(ifindex) }, asked);
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
}

function dispatch({ type, payload }: NetlinkMessage, events: AddressEvents): void {
  try {
    if (type === RTM_NEWLINK || type === RTM_DELLINK) {
      const link: Link = decodeLink(payload);
      events.onLink(link, type === RTM_NEWLINK ? 'new' : 'deleted');
    } else if (type === RTM_NEWADDR || type === RTM_DELADDR) {
      const address = kernelAddress(decodeAddress(payload));
      events.onAddress(address, type === RTM_NEWADDR ? 'new' : 'deleted');
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    events.onLost();
  }
}
