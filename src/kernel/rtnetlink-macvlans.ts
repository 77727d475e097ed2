/** {@link Macvlans} on the real kernel, by rtnetlink: everything that is needed can be said by it, so nothing is written below /proc. */
import { NLM_F_CREATE, NLM_F_EXCL } from '../wire/netlink.ts';
import {
  encodeAlias,
  encodeIpv4Settings,
  encodeLinkRemoval,
  encodeMacvlan,
  encodeNoIpv6Address,
  encodeUp,
  RTM_DELLINK,
  RTM_NEWLINK,
} from '../wire/rtnetlink-link.ts';
import { KernelError } from './kernel-error.ts';
import { EAFNOSUPPORT, ENODEV, EOPNOTSUPP, NETLINK_ROUTE } from './linux-abi.ts';
import type { Macvlan, Macvlans } from './macvlans.ts';
import { type Asked, type NetlinkRequest, NetlinkSocket } from './netlink-socket.ts';
import type { Rawio } from './rawio.ts';

/** @throws KernelError */
export function openMacvlans(rawio: Rawio): Macvlans {
  const socket = new NetlinkSocket(rawio, NETLINK_ROUTE);
  return {
    add: (macvlan) => add(rawio, socket, macvlan),
    setUp: (name, up) => {
      const asked = { operation: up ? 'set up interface' : 'set down interface', target: name };
      return attempt(socket, { type: RTM_NEWLINK, flags: 0, payload: encodeUp(name, up) }, asked);
    },
    remove: (index) => remove(socket, index),
    close: () => socket.close(),
  };
}

/**
 * In two steps: only after the first one do we know that the name is ours. What comes after it the kernel takes of links that
 * are there only (net/core/rtnetlink.c, rtnl_newlink_create against do_setlink).
 */
function add(rawio: Rawio, socket: NetlinkSocket, macvlan: Macvlan): KernelError | undefined {
  const { name, base, mac } = macvlan;
  const asked: Asked = { operation: 'make interface', target: `${name} on ${base}` };
  const baseIndex = rawio.ifIndex(base);
  if (baseIndex < 0) return new KernelError({ ...asked, errno: -baseIndex, detail: 'no such interface' });
  const payload = encodeMacvlan({ name, baseIndex, mac });
  const refused = attempt(socket, { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload }, asked);
  if (refused !== undefined) return explained(refused, asked);
  const failed = complete(socket, macvlan, asked);
  if (failed !== undefined) remove(socket, rawio.ifIndex(name));
  return failed;
}

function complete(socket: NetlinkSocket, { name, alias, ipv4 }: Macvlan, asked: Asked): KernelError | undefined {
  const change = (payload: Uint8Array): NetlinkRequest => ({ type: RTM_NEWLINK, flags: 0, payload });
  const marked = attempt(socket, change(encodeAlias(name, alias)), asked);
  if (marked !== undefined) return marked;
  const set = attempt(socket, change(encodeIpv4Settings(name, ipv4)), asked);
  if (set !== undefined) return set;
  const silent = attempt(socket, change(encodeNoIpv6Address(name)), asked);
  // a kernel without IPv6, or one that does not use it on this interface
  return silent?.errno === EAFNOSUPPORT ? undefined : silent;
}

function remove(socket: NetlinkSocket, index: number): KernelError | undefined {
  const asked = { operation: 'remove interface', target: `number ${index}` };
  const error = attempt(socket, { type: RTM_DELLINK, flags: 0, payload: encodeLinkRemoval(index) }, asked);
  return error?.errno === ENODEV ? undefined : error;
}

function explained(error: KernelError, asked: Asked): KernelError {
  if (error.errno !== EOPNOTSUPP) return error;
  return new KernelError({ ...asked, errno: EOPNOTSUPP, detail: 'this kernel has no macvlan' });
}

function attempt(socket: NetlinkSocket, request: NetlinkRequest, asked: Asked): KernelError | undefined {
  try {
    socket.request(request, asked);
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error;
    throw error;
  }
}
