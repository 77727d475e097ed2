/** Directors of one cluster that tell each other what they know, on one clock and without a network. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredConfig } from '../../../src/agent/config-shape.ts';
import { Exchange } from '../../../src/agent/exchange/exchange.ts';
import { sha256 } from '../../../src/agent/exchange/seal.ts';
import { Journal } from '../../../src/agent/journal.ts';
import { OverrideStore } from '../../../src/agent/override-store.ts';
import type { Override } from '../../../src/balancer/override.ts';
import { keyFileText } from '../../../src/config/exchange.ts';
import { FakeClock } from '../../../src/kernel/fake-clock.ts';
import { FakeDatagrams } from '../../../src/kernel/fake-datagrams.ts';
import { storedConfig, webTopology } from '../config.ts';

export const ADDRESSES: Readonly<Record<string, string>> = { lb1: '10.77.1.11', lb2: '10.77.1.12' };

/** A key file's text. */
export function keyText(key: Uint8Array): string {
  return keyFileText(Buffer.from(key).toString('hex'), sha256);
}

export const KEY = new Uint8Array(32).fill(7);

export class Directors {
  readonly clock = new FakeClock(1_000_000);
  readonly datagrams = new FakeDatagrams();
  readonly folders: string[] = [];
  readonly all: Director[] = [];

  /** One that has not started yet. */
  add(self: string, options: Partial<StoredConfig> = {}, key: Uint8Array | null = KEY, wallMs = 0): Director {
    const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
    this.folders.push(folder);
    const director = new Director(this, folder, wallMs);
    if (key !== null) director.giveKey(key);
    director.configure({ self, ...options });
    this.all.push(director);
    return director;
  }

  end(): void {
    for (const { exchange } of this.all) exchange.stop();
    for (const folder of this.folders) rmSync(folder, { recursive: true });
  }
}

export class Director {
  readonly exchange: Exchange;
  readonly store: OverrideStore;
  readonly lines: string[] = [];
  masters: string[] = [];
  blind: string[] = [];
  readonly #folder: string;
  readonly #wall: () => number;

  /** @param wallMs how far its clock is ahead */
  constructor({ clock, datagrams }: Directors, folder: string, wallMs: number) {
    this.#folder = folder;
    const wall = () => clock.wall() + wallMs;
    this.#wall = wall;
    const journal = new Journal((line) => this.lines.push(line), wall);
    this.store = new OverrideStore({ folder, journal, wall });
    this.exchange = new Exchange({
      clock: { now: () => clock.now(), wall, setTimer: (atMs, fn) => clock.setTimer(atMs, fn) },
      datagrams,
      journal,
      keyPath: join(folder, 'exchange.key'),
      said: () => this.store.said,
      masters: () => this.masters,
      blind: () => this.blind,
      learn: (said) => {
        if (this.store.learn(said).isNews) this.exchange.tell();
      },
      onNews: () => {},
    });
  }

  giveKey(key: Uint8Array): void {
    writeFileSync(join(this.#folder, 'exchange.key'), keyText(key));
  }

  takeKey(): void {
    rmSync(join(this.#folder, 'exchange.key'));
  }

  configure(options: Partial<StoredConfig>): void {
    this.exchange.configure(storedConfig(webTopology({ ports: [1, 2] }), options));
  }

  drain(realserver: string, change: Partial<Override> = {}): void {
    const since = this.#wall();
    const whole = { realserver, service: null, weight: 0, owner: 'ann', reason: null, since, until: null };
    this.store.add([{ ...whole, ...change }]);
    this.exchange.tell();
  }

  undrain(realserver: string): void {
    this.store.remove([realserver], null);
    this.exchange.tell();
  }

  get drained(): string[] {
    return this.store.all.map(({ realserver }) => realserver).sort();
  }

  get held(): string[] {
    return [...new Set(this.exchange.holds().map(({ reason }) => reason))];
  }
}
