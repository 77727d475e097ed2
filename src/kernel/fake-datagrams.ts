/** UDP without a network: what one sends, whoever listens at that address receives. */
import type { Address } from '../wire/address.ts';
import type { DatagramHandlers, Datagrams } from './datagrams.ts';

export interface SentDatagram {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

/** Delivery is at once and in order; what {@link cut} names neither sends nor receives. */
export class FakeDatagrams implements Datagrams {
  readonly sent: SentDatagram[] = [];
  readonly cut = new Set<string>();
  /** Addresses that no host has: opening there fails. */
  readonly missing = new Set<string>();
  readonly #open = new Map<Address, DatagramHandlers>();

  open({ address }: { readonly address: Address }, handlers: DatagramHandlers) {
    if (this.missing.has(address)) queueMicrotask(() => handlers.onError(`bind EADDRNOTAVAIL ${address}`, true));
    else {
      this.#open.set(address, handlers);
      queueMicrotask(() => handlers.onOpen());
    }
    return {
      send: (bytes: Uint8Array, to: Address) => {
        if (this.#open.get(address) !== handlers || this.cut.has(address)) return;
        this.sent.push({ from: address, to, bytes });
        this.deliver(bytes, address, to);
      },
      close: () => {
        if (this.#open.get(address) === handlers) this.#open.delete(address);
      },
    };
  }

  /** As if `source` had sent it. */
  deliver(bytes: Uint8Array, source: Address, to: Address): void {
    if (!this.cut.has(to)) this.#open.get(to)?.onDatagram(bytes, source);
  }
}
