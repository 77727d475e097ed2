/** {@link VrrpNetwork} on the real kernel: a raw socket an instance, opened again whenever its interface was recreated. */
import { type Address, addressFromBytes, familyOf } from '../wire/address.ts';
import type { Addresses } from './addresses.ts';
import type { Clock } from './clock.ts';
import { KernelError } from './kernel-error.ts';
import { AF_INET, AF_INET6, EAGAIN, ENETDOWN, ENODEV, ENXIO, IPPROTO_VRRP, SOCK_RAW } from './linux-abi.ts';
import { META, type PollHandle, type Rawio, READABLE } from './rawio.ts';
import { inetSockaddr, packetInfo, sockaddrAddress } from './socket-address.ts';
import { vrrpSocketOptions } from './vrrp-options.ts';
import type { VrrpHandlers, VrrpNetwork, VrrpPacket, VrrpSocket, VrrpSocketOptions } from './vrrp-socket.ts';

/** More than the longest VRRP packet: 60 (IPv4 header) + 8 + 255 addresses of 16 bytes + trailer. */
const RECEIVE_BYTES = 8192;
/** So that a flood does not keep the timers of our own adverts waiting. */
const READS_A_WAKEUP = 64;

interface Parts {
  readonly rawio: Rawio;
  readonly clock: Clock;
  readonly addresses: Addresses;
}

/** @param parts its `addresses` tells when interfaces come and go. */
export function openVrrpNetwork(parts: Parts): VrrpNetwork {
  return { open: (options, handlers) => new RawVrrpSocket(parts, options, handlers) };
}

class RawVrrpSocket implements VrrpSocket {
  readonly #parts: Parts;
  readonly #options: VrrpSocketOptions;
  readonly #handlers: VrrpHandlers;
  readonly #into = new Uint8Array(RECEIVE_BYTES);
  readonly #from = new Uint8Array(28);
  readonly #meta = new Int32Array(META.size);
  readonly #stopWatching: () => void;
  #open: { readonly fd: number; readonly ifindex: number; readonly poll: PollHandle } | undefined;
  #closed = false;

  constructor(parts: Parts, options: VrrpSocketOptions, handlers: VrrpHandlers) {
    this.#parts = parts;
    this.#options = options;
    this.#handlers = handlers;
    this.#stopWatching = parts.addresses.watch({
      onLink: ({ name }) => {
        if (name === options.interface) this.#follow();
      },
      onAddress: () => {},
      onLost: () => this.#follow(),
    });
    // Not from within the constructor: the caller has no socket yet when onError speaks.
    const problem = this.#reopen(parts.rawio.ifIndex(options.interface));
    if (problem !== undefined) queueMicrotask(() => this.#handlers.onError(problem));
  }

  send(payload: Uint8Array, destination: Address): KernelError | undefined {
    const asked = { operation: 'send VRRP packet', target: `to ${destination} dev ${this.#options.interface}` };
    const open = this.#open;
    if (open === undefined) return new KernelError({ ...asked, errno: ENODEV });
    const to = inetSockaddr(destination, 0, open.ifindex);
    const control = packetInfo(this.#options.source, open.ifindex);
    const result = this.#parts.rawio.sendmsg(open.fd, payload, to, control, 0);
    if (result === -ENODEV || result === -ENXIO) this.#follow();
    return result < 0 ? new KernelError({ ...asked, errno: -result }) : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopWatching();
    this.#release();
  }

  /** The interface may be another one by the same name: a socket stays bound to the index that it was opened with. */
  #follow(): void {
    const ifindex = this.#parts.rawio.ifIndex(this.#options.interface);
    if (this.#closed || ifindex === this.#open?.ifindex) return;
    const problem = this.#reopen(ifindex);
    if (problem !== undefined) this.#handlers.onError(problem);
  }

  #reopen(ifindex: number): KernelError | undefined {
    this.#release();
    const { rawio } = this.#parts;
    const asked = { operation: 'open VRRP socket', target: `dev ${this.#options.interface}` };
    if (ifindex < 0) return new KernelError({ ...asked, errno: -ifindex, detail: 'no such interface' });
    const fd = rawio.socket(this.#options.family === 4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_VRRP);
    if (fd < 0) return new KernelError({ ...asked, errno: -fd });
    for (const { level, name, value } of vrrpSocketOptions(this.#options, ifindex)) {
      const result = rawio.setsockopt(fd, level, name, value);
      if (result < 0) {
        rawio.close(fd);
        return new KernelError({ ...asked, errno: -result, detail: `socket option ${level}/${name}` });
      }
    }
    const poll = rawio.poll(fd, READABLE, () => this.#read());
    if (typeof poll === 'number') {
      rawio.close(fd);
      return new KernelError({ ...asked, errno: -poll });
    }
    this.#open = { fd, ifindex, poll };
    return undefined;
  }

  #release(): void {
    if (this.#open === undefined) return;
    this.#parts.rawio.pollStop(this.#open.poll);
    this.#parts.rawio.close(this.#open.fd);
    this.#open = undefined;
  }

  /** A handler may close the socket: look again before each read. */
  #read(): void {
    for (let count = 0; this.#open !== undefined && count < READS_A_WAKEUP; count++) {
      const length = this.#parts.rawio.recvmsg(this.#open.fd, this.#into, this.#from, this.#meta, 0);
      if (length === -EAGAIN) return;
      if (length < 0) {
        this.#onReadError(-length);
        return;
      }
      const packet = this.#packet(length);
      if (packet !== undefined && this.#isForUs(packet)) this.#handlers.onPacket(packet);
    }
  }

  /** ENETDOWN comes once when the link goes down and tells nothing that the link event does not. */
  #onReadError(errno: number): void {
    if (errno === ENETDOWN) return;
    const target = `dev ${this.#options.interface}`;
    this.#handlers.onError(new KernelError({ operation: 'receive VRRP packets', target, errno }));
  }

  /** A raw IPv4 socket delivers the IP header, a raw IPv6 socket does not. */
  #packet(length: number): VrrpPacket | undefined {
    const { family } = this.#options;
    const header = family === 4 ? ((this.#into[0] ?? 0) & 0x0f) * 4 : 0;
    const destinationLength = this.#meta[META.destinationLength] ?? 0;
    if (length < header || length === RECEIVE_BYTES || destinationLength === 0) return undefined;
    const destination = new Uint8Array(this.#meta.buffer, META.destination * 4, destinationLength);
    return {
      payload: this.#into.slice(header, length),
      source: sockaddrAddress(this.#from, family),
      destination: addressFromBytes(destination),
      ttl: this.#meta[META.ttl] ?? -1,
      ifindex: this.#meta[META.ifindex] ?? -1,
      receivedAtMs: this.#parts.clock.now(),
    };
  }

  #isForUs({ source, destination }: VrrpPacket): boolean {
    const mine = this.#options.source;
    if (source === mine || familyOf(source) !== this.#options.family) return false;
    return destination === mine || (this.#options.transport === 'multicast' && destination === this.#options.group);
  }
}
