/** Interfaces and their addresses: what the kernel has, and how VIPs come and go. */
import type { Address } from '../wire/address.ts';
import type { AddressMessage } from '../wire/rtnetlink.ts';
import type { LinkMessage } from '../wire/rtnetlink-link.ts';
import type { KernelError } from './kernel-error.ts';

export type Link = LinkMessage;

export interface KernelAddress extends Omit<AddressMessage, 'createdCs' | 'updatedCs'> {
  /** When it was created and last added again or refreshed, on {@link Clock.now}'s scale; grain 10 ms, and as jiffies began to
   * count later than the clock, up to some 300 ms too old (the same all the time that the kernel is up). */
  readonly createdAtMs: number;
  readonly refreshedAtMs: number;
}

/** A VIP to add, or to refresh: adding one that is there renews its lifetime (NLM_F_REPLACE). */
export interface AddressRequest {
  readonly interface: string;
  readonly address: Address;
  readonly prefixLength: number;
  readonly scope: 'global' | 'link' | 'host';
  readonly label: string | null;
  readonly broadcast: Address | null;
  /** Whole seconds until the kernel removes it unless refreshed; null: for ever. */
  readonly validSeconds: number | null;
}

export interface AddressEvents {
  onLink(link: Link, change: 'new' | 'deleted'): void;
  onAddress(address: KernelAddress, change: 'new' | 'deleted'): void;
  /** Events were lost (buffer overrun): read everything again. */
  onLost(): void;
}

export interface Addresses {
  /** @throws KernelError */
  links(): readonly Link[];
  /** @throws KernelError */
  addresses(): readonly KernelAddress[];
  /** Adds, or replaces and so renews. IPv6: without duplicate address detection, and deprecated, so that the host does not take it as source of its own traffic. */
  add(request: AddressRequest): KernelError | undefined;
  /** Deleting what is not there is no error. */
  remove(target: Pick<AddressRequest, 'interface' | 'address' | 'prefixLength'>): KernelError | undefined;
  /** @returns stops watching. @throws KernelError */
  watch(events: AddressEvents): () => void;
  close(): void;
}
