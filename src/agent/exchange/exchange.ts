/**
 * The exchange between the agents of a cluster: once a second, and at every change, each tells every other one which
 * configuration it has and what it knows of drains. A director that hears of a newer configuration is held as BACKUP until it
 * has that; one that starts waits a moment for somebody's word. What the words mean is in peers.ts and src/balancer/said.ts.
 */
import { type Said, saidText } from '../../balancer/said.ts';
import { type ExchangePoint, exchangePoints, WAIT_FOR_PEERS_MS } from '../../config/exchange.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Datagrams } from '../../kernel/datagrams.ts';
import type { Hold } from '../../vrrp/hold.ts';
import type { Address } from '../../wire/address.ts';
import { type ExchangeEntry, encodeExchange } from '../../wire/exchange.ts';
import type { StoredConfig } from '../config-shape.ts';
import type { Journal } from '../journal.ts';
import { Elsewhere, type Service } from './elsewhere.ts';
import { entriesOf, packed, saidIn } from './entries.ts';
import { fence } from './fence.ts';
import { Hearing } from './hearing.ts';
import { Judgement, type Moment } from './judgement.ts';
import { agrees, isSilent, type Own, type Peer, peerAlarms } from './peers.ts';
import { SealedPost } from './post.ts';
import { sha256 } from './seal.ts';
import { type Asked, seerAmong } from './sight.ts';

const TELL_MS = 1_000;
/** An answer to one that knows other things is not given more often. */
const ANSWER_MS = 200;
/** A long list comes in many datagrams, and is written to the disk once. */
const LEARN_MS = 20;
/** Datagrams to one peer in one go: a longer list goes on where it stopped, the next time. */
const PARCELS = 64;
/** Of a hash: enough that two lists never have the same by chance. */
const DIGEST_LETTERS = 32;

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly journal: Journal;
  readonly keyPath: string;
  readonly said: () => Said;
  /** First addresses of the virtual routers that this director is MASTER of. */
  readonly masters: () => readonly string[];
  /** First addresses of those whose services this director does not see well. */
  readonly blind: () => readonly string[];
  /** What other directors know of drains; afterwards {@link Exchange.tell} is called if that was news. */
  readonly learn: (said: Said, from: string) => void;
  /** The holds may be others now. */
  readonly onNews: () => void;
}

export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #post: SealedPost;
  readonly #hearing: Hearing;
  readonly #judgement: Judgement;
  readonly #elsewhere = new Elsewhere();
  readonly #startedAt: number;
  /** By director: when it was told last, and which part of a long list comes next. */
  readonly #told = new Map<string, { atMs: number; next: number }>();
  /** By director, until they are learnt. */
  readonly #entries = new Map<string, ExchangeEntry[]>();
  #startMs: number | null = null;
  #stored: StoredConfig | null = null;
  #self: ExchangePoint | undefined;
  #counter = 0;
  #digest: { readonly said: Said; readonly second: number; readonly text: string } | null = null;
  #cancelTimer = (): void => {};

  constructor(options: ExchangeOptions) {
    const { clock, datagrams, keyPath, journal } = options;
    this.#options = options;
    this.#startedAt = clock.wall();
    this.#hearing = new Hearing(clock, journal);
    this.#judgement = new Judgement(journal);
    this.#post = new SealedPost({
      datagrams,
      keyPath,
      wall: () => clock.wall(),
      onMessage: (bytes, source) => this.#receive(bytes, source),
    });
  }

  start(): void {
    this.#startMs = this.#options.clock.now();
    this.#tick();
  }

  stop(): void {
    this.#startMs = null;
    this.#cancelTimer();
    this.#post.close();
  }

  /** Another configuration is in force; the others are told at once. */
  configure(stored: StoredConfig | null): void {
    const points = stored === null ? [] : exchangePoints(stored.config);
    this.#stored = stored;
    this.#self = points.find(({ director }) => director === stored?.self);
    this.#hearing.follow(this.#self === undefined ? [] : points.filter((one) => one !== this.#self));
    this.tell();
  }

  /** Says what is the case now to all others, at once. */
  tell(): void {
    if (this.#startMs === null) return;
    this.#post.follow(this.#hearing.peers.length > 0 ? this.#self?.address : undefined);
    for (const peer of this.#hearing.peers) this.#tellOne(peer);
    this.#judge();
  }

  /** What keeps this director from becoming MASTER. */
  holds(): Hold[] {
    const waits = this.#waitsFor();
    if (waits === null || this.#startMs === null) return this.#fence();
    const start = { instance: null, reason: waits, untilMs: this.#startMs + WAIT_FOR_PEERS_MS, endsAlone: false };
    return [start, ...this.#fence()];
  }

  #fence(): Hold[] {
    const { behind } = this.#judgement;
    const { config, self } = this.#stored ?? {};
    if (behind === null || config === undefined) return [];
    const instances = config.instances.filter(({ speakers }) => speakers.some(({ director }) => director === self));
    return fence({ ...behind, ...this.#moment(), instances, peers: this.#hearing.peers });
  }

  /** Whether another director is MASTER of a virtual router with one of these addresses. */
  serviceOf(vips: readonly string[]): Service {
    return this.#elsewhere.judge(vips, this.#hearing.peers, this.#moment().nowMs);
  }

  /** Whether another director has told that it has this very configuration. */
  has(director: string, { generation, hash }: Pick<StoredConfig, 'generation' | 'hash'>): boolean {
    const heard = this.#hearing.peers.find((one) => one.director === director)?.heard;
    return heard?.generation === generation && heard.hash === hash;
  }

  /** Another director that has said just now that it sees all of these well. */
  seer(asked: Asked): string | null {
    return seerAmong(this.#hearing.peers, asked, this.#moment().nowMs);
  }

  /** Somebody was not heard, or does not know the same. */
  get isSomebodyAway(): boolean {
    return this.peers((ms) => ms).some((peer) => !peer.agrees);
  }

  get behind(): Judgement['behind'] {
    return this.#judgement.behind;
  }

  /** Lets go of a director that is held for its old configuration, until there is a still newer one. @returns whether it was held */
  waive(): boolean {
    const wasHeld = this.#judgement.waive(this.#own().generation, this.#hearing.peers, this.#moment());
    this.#options.onNews();
    return wasHeld;
  }

  /** As the agent's state shows them. @param wallOf epoch ms of a monotonic time */
  peers(wallOf: (ms: number) => number) {
    const [own, { nowMs, sinceMs }] = [this.#own(), this.#moment()];
    return this.#hearing.peers.map((peer) => ({
      director: peer.director,
      address: peer.address,
      heardAt: peer.heard === null ? null : wallOf(peer.heard.atMs),
      generation: peer.heard?.generation ?? null,
      agrees: agrees(peer, own) && !isSilent(peer, sinceMs, nowMs),
    }));
  }

  /** Fingerprint of the key in its file, read now; null: there is none. */
  key(): string | null {
    return this.#post.key();
  }

  alarms(): string[] {
    if (this.#hearing.peers.length === 0) return [];
    if (this.#post.problem !== null) return [`no exchange with the other directors: ${this.#post.problem}`];
    const { nowMs, sinceMs } = this.#moment();
    return peerAlarms(this.#hearing.peers, this.#own(), sinceMs, nowMs);
  }

  #tick(): void {
    const { clock } = this.#options;
    this.tell();
    this.#cancelTimer = clock.setTimer(clock.now() + TELL_MS, () => this.#tick());
  }

  #moment(): Moment {
    const { clock } = this.#options;
    return { nowMs: clock.now(), wallMs: clock.wall(), sinceMs: this.#hearing.sinceMs };
  }

  #own(): Own {
    return {
      cluster: this.#stored?.config.cluster ?? '',
      generation: this.#stored?.generation ?? 0,
      hash: this.#stored?.hash ?? '',
      digest: this.#digestNow(),
      masters: this.#options.masters(),
      blind: this.#options.blind(),
    };
  }

  /** Made again when something was said, and once a second for what runs out. */
  #digestNow(): string {
    const said = this.#options.said();
    const wallMs = this.#options.clock.wall();
    const second = Math.floor(wallMs / 1000);
    if (this.#digest?.said !== said || this.#digest.second !== second) {
      this.#digest = { said, second, text: sha256(saidText(said, wallMs)).slice(0, DIGEST_LETTERS) };
    }
    return this.#digest.text;
  }

  /** At the start: for whom; null: not any more. Without a key nobody can be understood. */
  #waitsFor(): string | null {
    const peers = this.#hearing.peers;
    const isOver = this.#startMs === null || this.#options.clock.now() >= this.#startMs + WAIT_FOR_PEERS_MS;
    if (isOver || peers.length === 0 || !this.#post.hasKey) return null;
    const digest = this.#digestNow();
    const isAnswered = peers.some(({ heard }) => heard !== null);
    if (isAnswered && peers.every(({ heard }) => heard === null || heard.digest === digest)) return null;
    return `word from ${peers.map(({ director }) => director).join(' or ')}`;
  }

  #tellOne(peer: Peer): void {
    const told = this.#told.get(peer.director) ?? { atMs: 0, next: 0 };
    const knowsOthers = peer.heard !== null && peer.heard.digest !== this.#digestNow();
    const parcels = knowsOthers ? packed(entriesOf(this.#options.said())) : [];
    const first = told.next < parcels.length ? told.next : 0;
    const chosen = parcels.slice(first, first + PARCELS);
    this.#told.set(peer.director, { atMs: this.#options.clock.now(), next: first + chosen.length });
    for (const entries of chosen.length > 0 ? chosen : [[]]) this.#send(peer, entries);
  }

  #send({ address }: Peer, entries: readonly ExchangeEntry[]): void {
    const bytes = encodeExchange({
      ...this.#own(),
      director: this.#stored?.self ?? '',
      startedAt: this.#startedAt,
      counter: ++this.#counter,
      sentAt: this.#options.clock.wall(),
      entries,
    });
    this.#post.send(bytes, address);
  }

  #receive(bytes: Uint8Array | undefined, source: Address): void {
    if (this.#startMs === null) return;
    const word = this.#hearing.take(bytes, source, this.#own());
    if (word === undefined) return;
    this.#elsewhere.hear(word.peer);
    if (word.entries.length > 0) this.#collect(word.peer.director, word.entries);
    this.#answer(word.peer, word.isNew);
    this.#judge();
  }

  #collect(director: string, entries: readonly ExchangeEntry[]): void {
    const { clock, learn } = this.#options;
    const waiting = this.#entries.get(director);
    this.#entries.set(director, [...(waiting ?? []), ...entries]);
    if (waiting !== undefined) return;
    clock.setTimer(clock.now() + LEARN_MS, () => {
      const all = this.#entries.get(director) ?? [];
      this.#entries.delete(director);
      if (this.#startMs !== null) learn(saidIn(all), director);
    });
  }

  /** One that has just started, or knows other things of realservers, is told at once. */
  #answer(peer: Peer, isNew: boolean): void {
    const agoMs = this.#options.clock.now() - (this.#told.get(peer.director)?.atMs ?? 0);
    const knowsOthers = peer.heard?.digest !== this.#digestNow();
    if (isNew || (knowsOthers && agoMs >= ANSWER_MS)) this.#tellOne(peer);
  }

  #judge(): void {
    this.#judgement.judge(this.#own().generation, this.#hearing.peers, this.#moment());
    this.#options.onNews();
  }
}
