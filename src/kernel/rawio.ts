/**
 * The addon src/native/rawio.c, typed and found: beside the bundle in a release, in dist/native/<arch>/ in a clone or an installed
 * package. Every call answers a number ≥ 0 or −errno; none throws for an errno.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** A watched descriptor; only for {@link Rawio.pollUpdate} and {@link Rawio.pollStop}. */
export type PollHandle = { readonly __pollHandle: never };

export interface Rawio {
  /** SOCK_CLOEXEC and SOCK_NONBLOCK are always added. */
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array): number;
  connect(fd: number, address: Uint8Array): number;
  getsockname(fd: number, into: Uint8Array): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number;
  getsockopt(fd: number, level: number, name: number, into: Uint8Array): number;
  sendmsg(fd: number, data: Uint8Array, address: Uint8Array | null, control: Uint8Array | null, flags: number): number;
  /** @param meta filled as {@link META} says. */
  recvmsg(fd: number, into: Uint8Array, address: Uint8Array | null, meta: Int32Array | null, flags: number): number;
  close(fd: number): number;
  ifIndex(name: string): number;
  /**
   * Calls back with UV_READABLE (1) and UV_WRITABLE (2); a pending socket error counts as readable. An exception in the callback
   * becomes an uncaughtException. The descriptor is closed only after {@link pollStop}.
   */
  poll(fd: number, events: number, callback: (events: number) => void): PollHandle | number;
  pollUpdate(handle: PollHandle, events: number): number;
  /** Once only; the handle is dead afterwards. */
  pollStop(handle: PollHandle): number;
}

/** What {@link Rawio.recvmsg} tells, by index; −1 where it was not told. */
export const META = {
  addressLength: 0,
  flags: 1,
  ttl: 2,
  ifindex: 3,
  tos: 4,
  /** 0, 4 or 16. */
  destinationLength: 5,
  /** Four words holding the destination's bytes in network order. */
  destination: 6,
  size: 10,
} as const;

export const READABLE = 1;
export const WRITABLE = 2;

let loaded: Rawio | undefined;

/** @throws Error that says where the addon was looked for, or why it does not load. */
export function loadRawio(): Rawio {
  loaded ??= load();
  return loaded;
}

function load(): Rawio {
  const here = import.meta.dirname;
  const candidates = [
    resolve(here, 'rawio.node'),
    resolve(here, 'native', process.arch, 'rawio.node'),
    resolve(here, '../../dist/native', process.arch, 'rawio.node'),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`the native addon is missing (looked for ${candidates.join(', ')}); in a clone run: npm run build`);
  }
  return createRequire(import.meta.url)(found) as Rawio;
}
