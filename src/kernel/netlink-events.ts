/** A netlink socket that only listens: rtnetlink's multicast groups. */
import { MalformedError, Writer } from '../wire/cursor.ts';
import { decodeMessages, type NetlinkMessage, NLMSG_OVERRUN } from '../wire/netlink.ts';
import { KernelError } from './kernel-error.ts';
import {
  AF_NETLINK,
  EAGAIN,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_ROUTE,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from './linux-abi.ts';
import { type Rawio, READABLE } from './rawio.ts';

/** uapi/linux/rtnetlink.h, enum rtnetlink_groups. */
const GROUPS = { link: 1, ipv4Address: 5, ipv6Address: 9 } as const;

/** Bursts (10,000 events were seen with nothing lost) fit; beyond it {@link NetlinkEventHandlers.onLost}. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** Datagrams a wakeup, so that a storm of events does not keep timers waiting. */
const READS_A_WAKEUP = 64;

export interface NetlinkEventHandlers {
  /** Its payload is overwritten by the next read. */
  onMessage(message: NetlinkMessage): void;
  /** The kernel dropped events (ENOBUFS). */
  onLost(): void;
}

/** @returns stops listening. @throws KernelError */
export function watchRtnetlink(rawio: Rawio, handlers: NetlinkEventHandlers): () => void {
  const asked = { operation: 'watch interfaces and addresses', target: '' };
  const fd = rawio.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (fd < 0) throw new KernelError({ ...asked, errno: -fd });
  const state: Watch = { open: true, overrun: false };
  const failed = subscribe(rawio, fd);
  const poll = failed < 0 ? failed : rawio.poll(fd, READABLE, () => read(rawio, fd, state, handlers));
  if (typeof poll === 'number') {
    rawio.close(fd);
    throw new KernelError({ ...asked, errno: -poll });
  }
  return () => {
    if (!state.open) return;
    state.open = false;
    rawio.pollStop(poll);
    rawio.close(fd);
  };
}

/** @returns 0 or −errno. */
function subscribe(rawio: Rawio, fd: number): number {
  const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
  rawio.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, word(RECEIVE_BUFFER_BYTES));
  // Bound to a port of the kernel's choice: the kernel's broadcasts leave out port 0, the sender's own, which an unbound socket has.
  const bound = rawio.bind(fd, new Writer(12).u16Host(AF_NETLINK).zeros(10).done());
  if (bound < 0) return bound;
  const joined = Object.values(GROUPS).map((group) =>
    rawio.setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, word(group)),
  );
  return Math.min(...joined);
}

const into = new Uint8Array(65_536);

interface Watch {
  open: boolean;
  /** The kernel has dropped events; it goes on dropping, without another word, until the queue is empty. */
  overrun: boolean;
}

/**
 * After an overrun, {@link NetlinkEventHandlers.onLost} comes when the queue is empty: whoever reads everything again any sooner
 * would miss what is dropped meanwhile (net/netlink/af_netlink.c, NETLINK_S_CONGESTED). What is queued is old news, and skipped.
 */
function read(rawio: Rawio, fd: number, watch: Watch, handlers: NetlinkEventHandlers): void {
  for (let count = 0; watch.open && count < READS_A_WAKEUP; count++) {
    const length = rawio.recvmsg(fd, into, null, null, 0);
    if (length === -EAGAIN) {
      if (watch.overrun) {
        watch.overrun = false;
        handlers.onLost();
      }
      return;
    }
    if (length < 0) watch.overrun = true;
    else if (!watch.overrun) deliver(into.subarray(0, length), handlers);
  }
}

/** What cannot be read counts as lost: whoever watches reads everything again. */
function deliver(datagram: Uint8Array, handlers: NetlinkEventHandlers): void {
  let messages: NetlinkMessage[];
  try {
    messages = decodeMessages(datagram);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    handlers.onLost();
    return;
  }
  for (const message of messages) {
    if (message.type === NLMSG_OVERRUN) handlers.onLost();
    else handlers.onMessage(message);
  }
}
