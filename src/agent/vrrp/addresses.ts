/** Puts virtual addresses into the kernel, renews and announces them, and takes them out. */
import type { Addresses } from '../../kernel/addresses.ts';
import type { VirtualAddress } from '../../vrrp/instance-setup.ts';
import type { Announcer } from './announcer.ts';
import { type Log, onChange } from './log.ts';

export class VirtualAddresses {
  readonly #kernel: Addresses;
  readonly #announcer: Announcer;
  readonly #say: ReturnType<typeof onChange>;

  constructor(kernel: Addresses, announcer: Announcer, log: Log) {
    this.#kernel = kernel;
    this.#announcer = announcer;
    this.#say = onChange(log);
  }

  /** Adds them, or renews those that are there. */
  hold(addresses: readonly VirtualAddress[], validSeconds: number): void {
    for (const one of addresses) {
      const error = this.#kernel.add({ ...one, validSeconds });
      this.#say(`address ${one.address} on ${one.interface}`, 'error', error?.message);
    }
  }

  release(addresses: readonly VirtualAddress[]): void {
    this.#announcer.forget(addresses);
    for (const one of addresses) {
      const error = this.#kernel.remove(one);
      if (error !== undefined) this.#say(`removal of ${one.address}`, 'error', error.message);
    }
  }

  /** @param intervalMs the least time between two announcements on one interface */
  announce(addresses: readonly VirtualAddress[], rounds: number, intervalMs: number): void {
    this.#announcer.announce(addresses, rounds, intervalMs);
  }
}
