/**
 * Changes of how advertisements are protected, director by director (src/vrrp/protection.ts): this one keeps believing what the
 * others may still send, sends as they understand it, and by the exchange knows when they all have the same configuration.
 */
import type { InstanceConfig } from '../config/instance.ts';
import type { Clock } from '../kernel/clock.ts';
import type { InstanceReport, ToVrrp } from '../vrrp/link.ts';
import {
  agreed,
  isAgreed,
  protectionOf,
  type Ring,
  type Rings,
  ringFor,
  settled,
  signingKey,
} from '../vrrp/protection.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { writeJson } from './json-file.ts';
import { type RingPaths, readRings } from './stored-rings.ts';

/** All have agreed for so long, and for so long nothing of the former kind was heard: the exchange tells things once a second. */
const SETTLE_MS = 60_000;
/** A speaker that lvsctl does not manage is changed by hand. */
const SETTLE_FOREIGN_MS = 600_000;
/** One apply takes no longer; then something is wrong, and is told. */
const AGREE_MS = 60_000;

export interface ProtectionsOptions {
  readonly paths: RingPaths;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Whether another director has told that it has this configuration. */
  readonly has: (director: string, stored: StoredConfig) => boolean;
  readonly reports: () => readonly InstanceReport[];
  readonly send: (message: ToVrrp) => unknown;
}

export class Protections {
  readonly #options: ProtectionsOptions;
  #rings: Rings;
  #stored: StoredConfig | null = null;
  /** Since when each is as it is, CLOCK_MONOTONIC ms. */
  readonly #since = new Map<string, number>();

  constructor(options: ProtectionsOptions) {
    this.#options = options;
    this.#rings = this.#read();
  }

  /** Another configuration: before the VRRP process is told of it. */
  follow(stored: StoredConfig | null): void {
    this.#stored = stored;
    for (const { name } of this.#instances()) this.#since.set(name, this.#since.get(name) ?? this.#options.clock.now());
    this.#change((_name, ring, instance) => ringFor(ring, protectionOf(instance)));
  }

  /** Something was heard of the others, or time has passed. */
  judge(): void {
    this.#change((name, ring, instance) => {
      if (ring === undefined) return ringFor(undefined, protectionOf(instance));
      if (!isAgreed(ring)) return this.#without(instance).length === 0 ? agreed(ring) : ring;
      return ring.former.length > 0 && this.#isQuiet(name, instance) ? settled(ring) : ring;
    });
  }

  /** What an operator should know, one sentence each. */
  alarms(): string[] {
    const nowMs = this.#options.clock.now();
    return this.#instances().flatMap((instance) => {
      const ring = this.#rings[instance.name];
      const sinceMs = this.#since.get(instance.name) ?? nowMs;
      if (ring === undefined || isAgreed(ring) || nowMs - sinceMs < AGREE_MS) return [];
      const missing = this.#without(instance);
      return [
        `${instance.name} still ${spoken(ring)} as before: ${missing.join(' and ')} has not told that it has this configuration`,
      ];
    });
  }

  #change(next: (name: string, ring: Ring | undefined, instance: InstanceConfig) => Ring): void {
    const before = this.#rings;
    const entries = this.#instances().map((instance) => {
      const ring = before[instance.name];
      return [instance.name, next(instance.name, ring, instance)] as const;
    });
    const changed = entries.filter(([name, ring]) => before[name] !== ring);
    if (changed.length === 0 && entries.length === Object.keys(before).length) return;
    this.#rings = Object.fromEntries(entries);
    for (const [name, ring] of changed) this.#note(name, before[name], ring);
    this.#write();
    this.#options.send({ type: 'protections' });
  }

  #note(instance: string, before: Ring | undefined, after: Ring): void {
    const { clock, journal } = this.#options;
    this.#since.set(instance, clock.now());
    if (before === undefined) return;
    const say = (message: string): void => journal.note('notice', 'vrrp', `${instance} ${message}`, { instance });
    if (isAgreed(before) && !isAgreed(after))
      say(`${spoken(after)} as before until all directors have this configuration`);
    if (!isAgreed(before) && isAgreed(after)) say(`${spoken(after)} from now on`);
    if (before.former.length > 0 && after.former.length === 0) say('believes no former kind of advertisement any more');
  }

  #isQuiet(name: string, { foreignPeers }: InstanceConfig): boolean {
    const { clock, reports } = this.#options;
    const settleMs = foreignPeers.length > 0 ? SETTLE_FOREIGN_MS : SETTLE_MS;
    const formerAt = reports().find((one) => one.name === name)?.hmac?.formerAt ?? null;
    const sinceMs = this.#since.get(name) ?? clock.now();
    return clock.now() - sinceMs >= settleMs && (formerAt === null || clock.wall() - formerAt >= settleMs);
  }

  /** Those of this director. */
  #instances(): readonly InstanceConfig[] {
    const { config, self } = this.#stored ?? {};
    return config?.instances.filter(({ speakers }) => speakers.some(({ director }) => director === self)) ?? [];
  }

  /** Other directors of an instance that have not told that they have this configuration. */
  #without({ speakers }: InstanceConfig): string[] {
    const stored = this.#stored;
    const others = speakers.map(({ director }) => director).filter((director) => director !== stored?.self);
    return stored === null ? others : others.filter((director) => !this.#options.has(director, stored));
  }

  #read(): Rings {
    const { paths, journal } = this.#options;
    try {
      return readRings(paths) ?? {};
    } catch (error) {
      journal.note('error', 'vrrp', `how advertisements were signed is not known: ${(error as Error).message}`);
      return {};
    }
  }

  #write(): void {
    const { paths, journal } = this.#options;
    try {
      writeJson(paths.rings, this.#rings);
    } catch (error) {
      journal.note('error', 'vrrp', `${paths.rings} cannot be written: ${(error as Error).message}`);
    }
  }
}

function spoken(ring: Ring): string {
  const key = signingKey(ring);
  return key === null ? 'sends unsigned' : `signs with key ${key.id}`;
}
