/** Sealed datagrams from and to this director's own address: opened as soon as address and key are there, and again when not. */
import { EXCHANGE_PORT } from '../../config/exchange.ts';
import type { DatagramSocket, Datagrams } from '../../kernel/datagrams.ts';
import type { Address } from '../../wire/address.ts';
import { ExchangeKeys } from './keys.ts';
import { opened, sealed } from './seal.ts';

/** No message of ours is longer. */
const LONGEST_DATAGRAM = 16_384;

export interface PostOptions {
  readonly datagrams: Datagrams;
  readonly keyPath: string;
  readonly wall: () => number;
  /** @param bytes what was sealed; undefined: with none of our keys */
  readonly onMessage: (bytes: Uint8Array | undefined, source: Address) => void;
}

export class SealedPost {
  readonly #options: PostOptions;
  readonly #keys: ExchangeKeys;
  #open: { readonly at: Address; readonly socket: DatagramSocket } | null = null;
  #problem: string | null = null;

  constructor(options: PostOptions) {
    this.#options = options;
    this.#keys = new ExchangeKeys(options.keyPath, options.wall);
  }

  /** Reads the key again, and has a socket at `address` if there is a key; undefined: none. */
  follow(address: Address | undefined): void {
    this.#keys.refresh();
    const wanted = this.hasKey ? address : undefined;
    if (this.#open?.at === wanted) return;
    this.close();
    if (wanted === undefined) return;
    const socket = this.#options.datagrams.open(
      { address: wanted, port: EXCHANGE_PORT },
      {
        onOpen: () => {
          this.#problem = null;
        },
        onDatagram: (bytes, source) => this.#receive(bytes, source),
        onError: (problem, isClosed) => {
          if (!isClosed || this.#open?.socket !== socket) return; // one that was not sent is missed by the other side
          this.#open = null;
          this.#problem = problem;
        },
      },
    );
    this.#open = { at: wanted, socket };
  }

  /** Once a key, the former first: who has both needs no third, who has one only is not puzzled by the other. */
  send(bytes: Uint8Array, to: Address): void {
    for (const key of this.#keys.all.toReversed()) this.#open?.socket.send(sealed(bytes, key), to);
  }

  get hasKey(): boolean {
    return this.#keys.all.length > 0;
  }

  /** Fingerprint of the key in the file, read now. */
  key(): string | null {
    this.#keys.refresh();
    return this.#keys.id;
  }

  /** Why nothing is sent, one clause; null: it is. */
  get problem(): string | null {
    return this.hasKey ? this.#problem : this.#keys.error;
  }

  close(): void {
    this.#open?.socket.close();
    this.#open = null;
  }

  #receive(datagram: Uint8Array, source: Address): void {
    if (datagram.length <= LONGEST_DATAGRAM) this.#options.onMessage(opened(datagram, this.#keys.all), source);
  }
}
