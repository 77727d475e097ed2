/**
 * TCP connections whose packets carry a firewall mark (SO_MARK, socket(7)), which Node's own sockets cannot have: the kernel's
 * socket is made here, and is Node's once it is connected. And connections that are only tried: as Node's, with a stream each,
 * thousands of them a second take a quarter more processor time and a third more memory.
 */
import { Socket } from 'node:net';
import { type Address, familyOf } from '../wire/address.ts';
import { errnoName } from './kernel-error.ts';
import {
  AF_INET,
  AF_INET6,
  EINPROGRESS,
  SO_ERROR,
  SO_LINGER,
  SO_MARK,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
} from './linux-abi.ts';
import { type PollHandle, type Rawio, WRITABLE } from './rawio.ts';
import { inetSockaddr } from './socket-address.ts';

export interface StreamTarget {
  readonly address: Address;
  readonly port: number;
  /** Where it connects from; null and 0: as the kernel chooses. */
  readonly from: { readonly address: Address | null; readonly port: number } | null;
  /** null: none. */
  readonly mark: number | null;
}

export interface StreamHandlers {
  /** Connected; from now on the socket is the receiver's to close. */
  onOpen(socket: Socket): void;
  /** `ECONNREFUSED`. Once, and then nothing more. @param isUnsent - it failed here, before anything was sent */
  onError(code: string, isUnsent: boolean): void;
}

export interface ReachHandlers {
  /** Somebody accepted; it is reset already, so that no TIME_WAIT is left behind. */
  onReached(): void;
  onError: StreamHandlers['onError'];
}

/** A connection that is under way. */
export interface PendingStream {
  /** Ends it; does nothing once one of the handlers was called. */
  close(): void;
}

export interface Streams {
  /** Never throws; may call `onError` before it returns. */
  open(target: StreamTarget, handlers: StreamHandlers): PendingStream;
  /** Connects, and no more. The same holds. */
  reach(target: StreamTarget, handlers: ReachHandlers): PendingStream;
}

const NOTHING_PENDING: PendingStream = { close: () => {} };

export function openStreams(rawio: Rawio): Streams {
  return {
    open: (target, { onOpen, onError }) => connected(rawio, target, (fd) => onOpen(adopted(fd)), onError),
    reach: (target, { onReached, onError }) => {
      const end = (fd: number): void => {
        rawio.close(fd);
        onReached();
      };
      return connected(rawio, target, end, onError);
    },
  };
}

/** @param onConnected - gets the descriptor, to close */
function connected(
  rawio: Rawio,
  target: StreamTarget,
  onConnected: (fd: number) => void,
  onError: StreamHandlers['onError'],
): PendingStream {
  const fd = connecting(rawio, target);
  if (fd < 0) {
    onError(errnoName(-fd), true);
    return NOTHING_PENDING;
  }
  let isPending = true;
  /** The descriptor lives on, unwatched. */
  const release = (): void => {
    isPending = false;
    rawio.pollStop(poll as PollHandle);
  };
  const poll = rawio.poll(fd, WRITABLE, () => {
    if (!isPending) return;
    release();
    const errno = errorOf(rawio, fd);
    if (errno === 0) onConnected(fd);
    else {
      rawio.close(fd);
      onError(errnoName(errno), false);
    }
  });
  if (typeof poll === 'number') {
    rawio.close(fd);
    onError(errnoName(-poll), true);
    return NOTHING_PENDING;
  }
  return {
    close: () => {
      if (!isPending) return;
      release();
      rawio.close(fd);
    },
  };
}

const ON = int(1);
/** struct linger: on, for 0 seconds. */
const NO_LINGER = new Uint8Array(Uint32Array.of(1, 0).buffer);

/** @returns its descriptor, or −errno */
function connecting(rawio: Rawio, { address, port, from, mark }: StreamTarget): number {
  const family = familyOf(address);
  const fd = rawio.socket(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  const any = (family === 4 ? '0.0.0.0' : '::') as Address;
  const fixedPort = from !== null && from.port !== 0;
  const steps = [
    () => (mark === null ? 0 : rawio.setsockopt(fd, SOL_SOCKET, SO_MARK, int(mark))),
    // However it ends, it is reset: nothing of it stays behind.
    () => rawio.setsockopt(fd, SOL_SOCKET, SO_LINGER, NO_LINGER),
    // Of two connections from one port to two listeners the second would be refused else; a port that the kernel chooses is free.
    () => (fixedPort ? rawio.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, ON) : 0),
    () => (from === null ? 0 : rawio.bind(fd, inetSockaddr(from.address ?? any, from.port, 0))),
    () => rawio.connect(fd, inetSockaddr(address, port, 0)),
  ];
  for (const step of steps) {
    const result = step();
    if (result >= 0 || result === -EINPROGRESS) continue;
    rawio.close(fd);
    return result;
  }
  return fd;
}

function errorOf(rawio: Rawio, fd: number): number {
  const into = new Uint8Array(4);
  const result = rawio.getsockopt(fd, SOL_SOCKET, SO_ERROR, into);
  return result < 0 ? -result : (new Int32Array(into.buffer)[0] ?? 0);
}

function adopted(fd: number): Socket {
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.setNoDelay(true);
  return socket;
}

/** An int, or a 32-bit mark, as the kernel reads it. */
function int(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
