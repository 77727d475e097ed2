/**
 * Signed advertisements of all instances: makes the trailers of what is sent, and judges those of what is heard. What the words
 * mean is in src/vrrp: protection.ts, authenticity.ts, freshness.ts, signing-clock.ts; here are the clock, the keys and what is
 * remembered.
 */
import { createHmac } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { HmacKey } from '../../config/hmac-key.ts';
import { hmacWindowMs } from '../../config/hmac-window.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Acceptance, Authenticate } from '../../vrrp/accept.ts';
import { authenticityOf } from '../../vrrp/authenticity.ts';
import { type Sender, senderFrom, setBackMs, type Tolerance } from '../../vrrp/freshness.ts';
import type { HmacReport } from '../../vrrp/link.ts';
import {
  believed,
  isAgreed,
  isFormer,
  keyOf,
  protectionOf,
  type Ring,
  type Rings,
  ringFor,
  signingKey,
} from '../../vrrp/protection.ts';
import { nextSequence, type SigningClock } from '../../vrrp/signing-clock.ts';
import type { Address } from '../../wire/address.ts';
import { type HmacSha256, trailerOf } from '../../wire/vrrp-hmac.ts';
import type { KeptClocks } from './kept-clocks.ts';
import type { Log } from './log.ts';
import type { Sign } from './sockets.ts';

/** How often clocks are kept; at once when one moves by more than the second. */
const [KEEP_MS, MOVED_MS] = [10_000, 500] as const;

const hmac: HmacSha256 = (key, bytes) => createHmac('sha256', key).update(bytes).digest();

interface Guarded {
  ring: Ring;
  keys: readonly HmacKey[];
  signing: HmacKey | null;
  tolerance: Tolerance;
  /** All that listen are of ours. */
  followed: boolean;
  clock: SigningClock | undefined;
  readonly senders: Map<Address, Sender>;
  /** CLOCK_MONOTONIC ms. */
  formerMs: number | null;
}

export class Signatures {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #kept: KeptClocks | undefined;
  readonly #guarded = new Map<string, Guarded>();
  #stored: Rings = {};
  #keptMs = Number.NEGATIVE_INFINITY;
  /** What was kept last, by instance and source. */
  readonly #offsets = new Map<string, number>();

  constructor(clock: Clock, log: Log, kept: KeptClocks | undefined) {
    this.#clock = clock;
    this.#log = log;
    this.#kept = kept;
  }

  /** Another configuration: what it does not name is kept until {@link keep}, for its last words. */
  configure(config: Config, self: string): void {
    for (const instance of config.instances) {
      if (!instance.speakers.some(({ director }) => director === self)) continue;
      const { name, advertIntervalMs: intervalMs, foreignPeers } = instance;
      const before = this.#stored[name] ?? this.#guarded.get(name)?.ring;
      const guarded = this.#guarded.get(name) ?? this.#begun(name);
      const windowMs = hmacWindowMs(intervalMs);
      guarded.followed = foreignPeers.length === 0;
      guarded.tolerance = { windowMs, intervalMs, setBackMs: setBackMs(guarded.followed, windowMs) };
      this.#guarded.set(name, guarded);
      this.#put(name, guarded, ringFor(before, protectionOf(instance)));
    }
  }

  /** What the supervisor has stored; it holds for what is configured now and later. */
  protect(rings: Rings): void {
    this.#stored = rings;
    for (const [name, guarded] of this.#guarded) {
      const stored = rings[name];
      if (stored !== undefined) this.#put(name, guarded, ringFor(stored, guarded.ring.wanted));
    }
  }

  /** Forgets instances that are no longer there. */
  keep(instances: ReadonlySet<string>): void {
    for (const name of this.#guarded.keys()) if (!instances.has(name)) this.#guarded.delete(name);
  }

  readonly authenticate: Authenticate = (instance, signed) => {
    const guarded = this.#guarded.get(instance);
    if (guarded === undefined || guarded.keys.length === 0) return undefined;
    const { keys, ring, tolerance, senders } = guarded;
    const isBelieved = believed(ring).some((one) => one === null || one.mode !== 'enforce');
    const guard = { keys, unsigned: isBelieved ? 'believed' : 'refused', tolerance, senders } as const;
    return authenticityOf(signed, guard, this.#moment(), hmac);
  };

  /** Remembers what came of a packet. */
  heard(source: Address, accepted: Exclude<Acceptance, { verdict: 'foreign' }>): void {
    const guarded = this.#guarded.get(accepted.instance);
    if (guarded === undefined || guarded.keys.length === 0) return;
    const sender = accepted.verdict === 'accepted' ? accepted.signed?.sender : accepted.sender;
    if (sender !== undefined) guarded.senders.set(source, sender);
    if (accepted.verdict === 'dropped' || accepted.signed === undefined) return;
    if (isFormer(guarded.ring, accepted.signed.key)) guarded.formerMs = this.#clock.now();
    if (sender !== undefined) this.#noteOffset(`${accepted.instance} ${source}`, sender.offsetMs);
  }

  readonly sign: Sign = (instance, source) => {
    const guarded = this.#guarded.get(instance);
    const key = guarded?.signing;
    if (guarded === undefined || key === undefined || key === null) return undefined;
    return (message) => {
      const next = nextSequence(guarded.clock, this.#moment(), guarded.tolerance.windowMs, guarded.followed);
      guarded.clock = next.clock;
      this.#noteOffset(instance, next.clock.offsetMs);
      return trailerOf(message, { source, keyId: key.id, key: key.bytes, sequence: next.sequence }, hmac);
    };
  };

  /** null: nothing is signed. @param offsetMs of the wall clock from the monotonic one */
  report(instance: string, offsetMs: number): HmacReport | null {
    const guarded = this.#guarded.get(instance);
    if (guarded === undefined || guarded.keys.length === 0) return null;
    const { ring, signing, formerMs } = guarded;
    return {
      mode: ring.wanted?.mode ?? 'off',
      keyId: keyOf(ring.wanted)?.id ?? null,
      signsWith: signing?.id ?? null,
      agreed: isAgreed(ring),
      settled: ring.former.length === 0,
      formerAt: formerMs === null ? null : Math.round(formerMs + offsetMs),
    };
  }

  /** The next process goes on from here. */
  stop(): void {
    if (this.#keptMs !== Number.NEGATIVE_INFINITY) this.#write();
  }

  #put(name: string, guarded: Guarded, ring: Ring): void {
    const signing = signingKey(ring);
    if (guarded.signing?.id !== signing?.id && (guarded.signing !== null || signing !== null))
      this.#log('notice', `${name} ${signing === null ? 'does not sign' : `signs with key ${signing.id}`}`, {
        instance: name,
      });
    guarded.ring = ring;
    guarded.signing = signing;
    guarded.keys = believed(ring).flatMap((one) => keyOf(one) ?? []);
  }

  /** One that goes on where an earlier process stopped, if there was one. */
  #begun(name: string): Guarded {
    const kept = this.#kept?.read(this.#clock.now());
    const own = kept?.signing[name];
    const senders = Object.entries(kept?.senders[name] ?? {}).map(
      ([source, offsetMs]) => [source as Address, senderFrom(offsetMs, kept?.atMs ?? 0)] as const,
    );
    return {
      ring: { wanted: null, sends: null, former: [] },
      keys: [],
      signing: null,
      tolerance: { windowMs: 0, intervalMs: 0, setBackMs: 0 },
      followed: true,
      clock: own === undefined || kept === undefined ? undefined : { offsetMs: own, atMs: kept.atMs, last: null },
      senders: new Map(senders),
      formerMs: null,
    };
  }

  #moment(): { readonly nowMs: number; readonly wallMs: number } {
    return { nowMs: this.#clock.now(), wallMs: this.#clock.wall() };
  }

  #noteOffset(key: string, offsetMs: number): void {
    if (this.#kept === undefined) return;
    const nowMs = this.#clock.now();
    const moved = Math.abs(offsetMs - (this.#offsets.get(key) ?? Number.POSITIVE_INFINITY));
    if (nowMs - this.#keptMs < KEEP_MS && moved < MOVED_MS) return;
    this.#offsets.set(key, offsetMs);
    this.#write();
  }

  #write(): void {
    this.#keptMs = this.#clock.now();
    const signing: Record<string, number> = {};
    const senders: Record<string, Record<string, number>> = {};
    for (const [name, guarded] of this.#guarded) {
      if (guarded.clock !== undefined) signing[name] = guarded.clock.offsetMs;
      const known = [...guarded.senders].filter(([, { mark }]) => mark !== null);
      senders[name] = Object.fromEntries(known.map(([source, { offsetMs }]) => [source, offsetMs]));
    }
    this.#kept?.write({ atMs: this.#keptMs, signing, senders });
  }
}
