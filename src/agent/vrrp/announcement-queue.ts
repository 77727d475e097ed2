/**
 * Which address is announced next: each once a round, on each interface in turn, no sooner than the least time after the one
 * before, whichever instance that was of. Pure but for its memory.
 */
import type { VirtualAddress } from '../../vrrp/instance-setup.ts';
import type { Address } from '../../wire/address.ts';

/** At a time, so that adverts and timers get their turn in between: about half a millisecond of sending. */
const MOST_AT_A_TIME = 64;

interface Waiting {
  readonly one: VirtualAddress;
  readonly rounds: number;
  readonly intervalMs: number;
}

interface Line {
  /** In the order of their turns. */
  readonly waiting: Map<Address, Waiting>;
  lastAtMs: number;
  lastIntervalMs: number;
}

export class AnnouncementQueue {
  /** By interface. */
  readonly #lines = new Map<string, Line>();

  /** Rounds that wait already count: causes that meet are not added up, so that the queue cannot grow beyond its longest. */
  add(addresses: readonly VirtualAddress[], rounds: number, intervalMs: number): void {
    if (rounds === 0) return;
    for (const one of addresses) {
      const { waiting } = this.#line(one.interface);
      const before = waiting.get(one.address);
      waiting.set(one.address, { one, rounds: Math.max(rounds, before?.rounds ?? 0), intervalMs });
    }
  }

  /** Those that are no longer ours are never announced again. */
  forget(addresses: readonly VirtualAddress[]): void {
    for (const { address, interface: on } of addresses) this.#lines.get(on)?.waiting.delete(address);
  }

  /** Takes out those whose turn it is now. */
  take(nowMs: number): VirtualAddress[] {
    const taken: VirtualAddress[] = [];
    for (const line of this.#lines.values())
      for (let next = first(line); isDue(line, next, nowMs) && taken.length < MOST_AT_A_TIME; next = first(line))
        taken.push(turn(line, next, nowMs));
    return taken;
  }

  /** When the next one is due, perhaps already; null: none waits. */
  nextAtMs(): number | null {
    const times = [...this.#lines.values()].flatMap((line) => {
      const next = first(line);
      return next === undefined ? [] : [freeAtMs(line, next)];
    });
    return times.length === 0 ? null : Math.min(...times);
  }

  #line(on: string): Line {
    const known = this.#lines.get(on);
    if (known !== undefined) return known;
    const line: Line = { waiting: new Map(), lastAtMs: Number.NEGATIVE_INFINITY, lastIntervalMs: 0 };
    this.#lines.set(on, line);
    return line;
  }
}

function first({ waiting }: Line): Waiting | undefined {
  return waiting.values().next().value;
}

/** The longer of the pauses that the two ask for. */
function freeAtMs({ lastAtMs, lastIntervalMs }: Line, { intervalMs }: Waiting): number {
  return lastAtMs + Math.max(lastIntervalMs, intervalMs);
}

function isDue(line: Line, next: Waiting | undefined, nowMs: number): next is Waiting {
  return next !== undefined && nowMs >= freeAtMs(line, next);
}

/** What has rounds left goes to the end of its line. */
function turn(line: Line, { one, rounds, intervalMs }: Waiting, nowMs: number): VirtualAddress {
  line.waiting.delete(one.address);
  if (rounds > 1) line.waiting.set(one.address, { one, rounds: rounds - 1, intervalMs });
  line.lastAtMs = nowMs;
  line.lastIntervalMs = intervalMs;
  return one;
}
