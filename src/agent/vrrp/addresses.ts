/** Puts virtual addresses into the kernel, renews and announces them, and takes them out. */
import type { Addresses } from '../../kernel/addresses.ts';
import type { FrameSender } from '../../kernel/arp.ts';
import type { VirtualAddress } from '../../vrrp/instance.ts';
import { familyOf } from '../../wire/address.ts';
import { gratuitousArp } from '../../wire/arp.ts';
import { neighbourAdvertisement } from '../../wire/ndp.ts';
import { type Log, onChange } from './log.ts';

export class VirtualAddresses {
  readonly #kernel: Addresses;
  readonly #frames: FrameSender;
  readonly #say: ReturnType<typeof onChange>;

  constructor(kernel: Addresses, frames: FrameSender, log: Log) {
    this.#kernel = kernel;
    this.#frames = frames;
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
    for (const one of addresses) {
      const error = this.#kernel.remove(one);
      if (error !== undefined) this.#say(`removal of ${one.address}`, 'error', error.message);
    }
  }

  /** Gratuitous ARP or unsolicited neighbour advertisements, each address once a round. */
  announce(addresses: readonly VirtualAddress[], rounds: number): void {
    for (let round = 0; round < rounds; round++) for (const one of addresses) this.#announceOne(one);
  }

  #announceOne({ address, interface: on }: VirtualAddress): void {
    const mac = this.#frames.macOf(on);
    if (mac === undefined) return; // no neighbours to tell: the loopback, or an interface that is gone
    const frame = familyOf(address) === 4 ? gratuitousArp(mac, address) : neighbourAdvertisement(mac, address);
    const error = this.#frames.sendFrame(on, frame);
    this.#say(`announcements on ${on}`, 'warning', error?.message);
  }
}
