/** Strangers that were heard lately, a few of each instance, whatever is sent to us. */
import type { Stranger } from '../../vrrp/stranger.ts';

/** One that was silent for so long is over. */
const REMEMBERED_MS = 60_000;
/**
 * A director that says something else is told of when that lasts: while a configuration goes round, one director has it before
 * the others, and that is nothing to be alarmed about.
 */
const PATIENCE_MS = 60_000;
/** Of each instance; the one that was silent longest makes room. */
const MOST = 8;

export interface HeardStranger extends Stranger {
  /** Monotonic. */
  readonly sinceMs: number;
  readonly atMs: number;
}

export class Strangers {
  readonly #heard = new Map<string, readonly HeardStranger[]>();

  /** @param of - an instance */
  of(instance: string, nowMs: number): HeardStranger[] {
    return this.#present(instance, nowMs).filter(({ isKnown, sinceMs }) => !isKnown || nowMs - sinceMs >= PATIENCE_MS);
  }

  take(instance: string, stranger: Stranger, nowMs: number): void {
    const present = this.#present(instance, nowMs);
    const before = present.find(({ source }) => source === stranger.source);
    const others = present.filter((one) => one !== before).slice(1 - MOST);
    this.#heard.set(instance, [...others, { ...stranger, sinceMs: before?.sinceMs ?? nowMs, atMs: nowMs }]);
  }

  /** Forgets instances that are no longer there. */
  keep(instances: ReadonlySet<string>): void {
    for (const name of this.#heard.keys()) if (!instances.has(name)) this.#heard.delete(name);
  }

  #present(instance: string, nowMs: number): readonly HeardStranger[] {
    return (this.#heard.get(instance) ?? []).filter(({ atMs }) => nowMs - atMs < REMEMBERED_MS);
  }
}
