/**
 * Addresses of a lame duck: on the loopback, where nobody is told of them and (with arp_ignore 1) nobody is answered for them,
 * yet packets that another director sends here are still ours. The kernel ends them by itself.
 */
import type { Addresses } from '../../kernel/addresses.ts';
import type { VirtualAddress } from '../../vrrp/instance-setup.ts';
import { type Address, hostPrefix } from '../../wire/address.ts';
import type { VirtualAddresses } from './addresses.ts';
import { type Log, onChange } from './log.ts';

export const LOOPBACK = 'lo';

export class SilentAddresses {
  readonly #kernel: Addresses;
  readonly #virtual: VirtualAddresses;
  readonly #say: ReturnType<typeof onChange>;

  constructor(kernel: Addresses, virtual: VirtualAddresses, log: Log) {
    this.#kernel = kernel;
    this.#virtual = virtual;
    this.#say = onChange(log);
  }

  /** First here, then off their interfaces, so that at no moment the host does not know them. */
  silence(addresses: readonly VirtualAddress[], validSeconds: number): void {
    const lasting = this.#lasting();
    for (const one of addresses) {
      if (one.interface !== LOOPBACK && !lasting.has(one.address)) {
        const error = this.#kernel.add({ ...silent(one), label: null, broadcast: null, validSeconds });
        this.#say(`address ${one.address} on ${LOOPBACK}`, 'error', error?.message);
      }
      this.#virtual.release([one]);
    }
  }

  unsilence(addresses: readonly VirtualAddress[]): void {
    const lasting = this.#lasting();
    for (const one of addresses) {
      if (one.interface === LOOPBACK || lasting.has(one.address)) continue;
      const error = this.#kernel.remove(silent(one));
      if (error !== undefined) this.#say(`removal of ${one.address} from ${LOOPBACK}`, 'error', error.message);
    }
  }

  /** What is there for ever is somebody else's: a realserver's own VIP, on a director that is both. */
  #lasting(): ReadonlySet<Address> {
    try {
      const loopback = this.#kernel.links().find(({ name }) => name === LOOPBACK)?.index;
      const there = this.#kernel.addresses().filter(({ ifindex }) => ifindex === loopback);
      return new Set(there.filter(({ validSeconds }) => validSeconds === null).map(({ address }) => address));
    } catch (error) {
      this.#say('reading of addresses', 'error', (error as Error).message);
      return new Set();
    }
  }
}

/** Never taken as the source of what the host sends to others. */
function silent({ address }: VirtualAddress) {
  return { interface: LOOPBACK, address, prefixLength: hostPrefix(address), scope: 'host' } as const;
}
