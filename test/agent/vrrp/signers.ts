/** Directors on an imagined segment that sign: each with a wall clock that can be set, and processes that follow each other. */
import { expect } from 'vitest';
import type { Clocks, KeptClocks } from '../../../src/agent/vrrp/kept-clocks.ts';
import type { Machinery } from '../../../src/agent/vrrp/loop.ts';
import type { InstanceConfig } from '../../../src/config/instance.ts';
import { configuration, instance } from '../../vrrp/configuration.ts';
import { type Host, Segment } from './segment.ts';

export const KEY = `7 hex:${'0f'.repeat(32)}`;
export const hmac = (mode: 'receive' | 'permissive' | 'enforce' = 'enforce', value = KEY): Partial<InstanceConfig> => ({
  hmac: { key: { source: 'literal', value }, mode },
});

/** A host whose wall clock can be set, and that keeps what it knows of clocks. */
export class Director {
  wallOffsetMs: number;
  kept: Clocks | undefined;
  host: Host;
  readonly #segment: Segment;
  readonly #name: string;
  readonly #own: string;

  constructor(segment: Segment, name: string, own: string, more: Partial<InstanceConfig>, wallOffsetMs = 0) {
    this.#segment = segment;
    this.#name = name;
    this.#own = own;
    this.wallOffsetMs = wallOffsetMs;
    this.host = this.#start(more);
  }

  /** Another process in place of the first, of the same boot unless it is said to be of another. */
  restart(more: Partial<InstanceConfig>, boot: 'same' | 'another' = 'same'): void {
    void this.host.loop.stop(false);
    if (boot === 'another') this.kept = undefined;
    this.host = this.#start(more, boot === 'same' ? this.host.kernel : undefined);
  }

  configure(more: Partial<InstanceConfig>): void {
    this.host.loop.configure(configuration([instance(more)]), this.#name);
  }

  get state(): string {
    return this.host.says().state;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.host.says().dropped;
  }

  #start(more: Partial<InstanceConfig>, kernel = this.#segment.kernel(this.#own)): Host {
    const { clock } = this.#segment;
    const clocks: KeptClocks = {
      read: () => this.kept,
      write: (known) => {
        this.kept = known;
      },
    };
    const skewed = {
      now: () => clock.now(),
      wall: () => clock.wall() + this.wallOffsetMs,
      setTimer: (atMs: number, fn: () => void) => clock.setTimer(atMs, fn),
    };
    const around = (machinery: Machinery): Machinery => ({ ...machinery, clock: skewed, clocks });
    return this.#segment.host(this.#name, this.#own, configuration([instance(more)]), kernel, around);
  }
}

export interface Pair {
  readonly segment: Segment;
  readonly a: Director;
  readonly b: Director;
}

export function elected(more: Partial<InstanceConfig> = hmac()): Pair {
  const segment = new Segment();
  const a = new Director(segment, 'a', '10.9.0.1', more);
  const b = new Director(segment, 'b', '10.9.0.2', more);
  segment.clock.advance(6000);
  expect([a.state, b.state]).toEqual(['MASTER', 'BACKUP']);
  return { segment, a, b };
}
