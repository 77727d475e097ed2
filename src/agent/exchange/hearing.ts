/** The other directors, and what of all that comes in under their addresses is believed. */
import type { ExchangePoint } from '../../config/exchange.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Address } from '../../wire/address.ts';
import { MalformedError } from '../../wire/cursor.ts';
import { decodeExchange, type ExchangeMessage } from '../../wire/exchange.ts';
import type { Journal } from '../journal.ts';
import { overridesShape } from '../ownership-shape.ts';
import { saidIn } from './entries.ts';
import { doubtOf, isNews, isSilent, type Own, type Peer } from './peers.ts';

/** Somebody has said something that is believed. */
export interface Word {
  readonly peer: Peer;
  readonly entries: ExchangeMessage['entries'];
  /** It has started since it was heard last. */
  readonly isNew: boolean;
}

export class Hearing {
  readonly #clock: Clock;
  readonly #journal: Journal;
  #peers: ReadonlyMap<string, Peer> = new Map();
  #sinceMs = 0;

  constructor(clock: Clock, journal: Journal) {
    this.#clock = clock;
    this.#journal = journal;
  }

  get peers(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  /** CLOCK_MONOTONIC ms from when on somebody is listened for. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Who is heard from now on; those who stay are not forgotten. */
  follow(points: readonly ExchangePoint[]): void {
    if (this.#peers.size === 0) this.#sinceMs = this.#clock.now();
    this.#peers = new Map(
      points.map((point) => {
        const known = this.#peers.get(point.director);
        return [point.director, known?.address === point.address ? known : { ...point, heard: null, refused: null }];
      }),
    );
  }

  /** @param bytes undefined: what came was sealed with none of our keys. @returns undefined: it is not believed, or is a repetition */
  take(bytes: Uint8Array | undefined, source: Address, own: Own): Word | undefined {
    const peer = this.peers.find(({ address }) => address === source);
    if (peer === undefined) return undefined;
    const message = bytes === undefined ? ANOTHER_KEY : messageIn(bytes);
    if (typeof message === 'string') return this.#refuse(peer, message);
    if (!isNews(message, peer.heard, this.#clock.now())) return undefined;
    const doubt = doubtOf(message, own, peer.director, this.#clock.wall());
    return doubt === null ? this.#believe(peer, message) : this.#refuse(peer, doubt);
  }

  #believe(peer: Peer, { entries, cluster: _, director, ...rest }: ExchangeMessage): Word {
    const heard: Peer = { ...peer, heard: { ...rest, atMs: this.#clock.now() }, refused: null };
    this.#peers = new Map(this.#peers).set(director, heard);
    return { peer: heard, entries, isNew: peer.heard?.startedAt !== rest.startedAt };
  }

  /** What was sealed with a former key, or forged, does not outweigh what was believed just before. */
  #refuse(peer: Peer, why: string): undefined {
    const { director, heard, refused } = peer;
    if (heard !== null && !isSilent(peer, this.#sinceMs, this.#clock.now())) return;
    if (refused?.why !== why) {
      this.#journal.note('warning', 'agent', `what ${director} says is not believed: ${why}`, { director });
    }
    this.#peers = new Map(this.#peers).set(director, { ...peer, refused: { atMs: this.#clock.now(), why } });
  }
}

const ANOTHER_KEY = 'it seals with another key; apply gives all directors the same';

/** Or why there is none. */
function messageIn(bytes: Uint8Array): ExchangeMessage | string {
  try {
    const message = decodeExchange(bytes);
    return overridesShape(saidIn(message.entries).overrides, 'entries') ?? message;
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}
