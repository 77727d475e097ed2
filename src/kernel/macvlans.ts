/** Interfaces of our own on top of others, for virtual MAC addresses: made, set up and down, and taken away. */
import type { Ipv4Settings } from '../wire/rtnetlink-link.ts';
import type { KernelError } from './kernel-error.ts';

export interface Macvlan {
  readonly name: string;
  /** The name of what it lies on. */
  readonly base: string;
  /** `00:00:5e:00:01:33`. */
  readonly mac: string;
  /** Written to it (IFLA_IFALIAS), so that we know it again. */
  readonly alias: string;
  readonly ipv4: Ipv4Settings;
}

export interface Macvlans {
  /**
   * Makes one that is down, in VEPA mode, and gives itself no IPv6 address. One of that name that is there is left alone, and
   * an error. One that could not be made whole is taken away again.
   */
  add(macvlan: Macvlan): KernelError | undefined;
  setUp(name: string, up: boolean): KernelError | undefined;
  /** Deleting what is not there is no error. */
  remove(index: number): KernelError | undefined;
  close(): void;
}
