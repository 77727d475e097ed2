/** Raw sockets for VRRP (IP protocol 112), one an instance: TTL 255, TOS 0xC0, bound to the interface. */
import type { Address, Family } from '../wire/address.ts';
import type { KernelError } from './kernel-error.ts';

export interface VrrpPacket {
  /** The VRRP message without the IP header; the receiver's to keep. */
  readonly payload: Uint8Array;
  readonly source: Address;
  readonly destination: Address;
  /** TTL or hop limit as received. */
  readonly ttl: number;
  readonly ifindex: number;
  /** {@link Clock.now} when it was read. */
  readonly receivedAtMs: number;
}

export interface VrrpSocketOptions {
  readonly interface: string;
  readonly family: Family;
  readonly source: Address;
  readonly transport: 'unicast' | 'multicast';
  /** Joined when the transport is multicast. */
  readonly group: Address;
  /** It hears nothing that is sent to the group, and may speak from an address of another interface. */
  readonly sendsOnly?: true;
}

export interface VrrpHandlers {
  /** Never one of our own packets on this interface. */
  onPacket(packet: VrrpPacket): void;
  /** The socket could not be opened, re-opened or read; it goes on trying when the interface changes. */
  onError(error: KernelError): void;
}

export interface VrrpSocket {
  /** @returns why it was not sent (ENETDOWN, ENODEV while the interface is away), or undefined. */
  send(payload: Uint8Array, destination: Address): KernelError | undefined;
  close(): void;
}

export interface VrrpNetwork {
  /** Never throws: a socket on an interface that does not exist yet is opened when the interface comes. */
  open(options: VrrpSocketOptions, handlers: VrrpHandlers): VrrpSocket;
}
