/** Whether another director is MASTER, by its own word: what a hold goes by that lasts as long as somebody else serves. */
import type { Peer } from './peers.ts';

/**
 * What was said counts for so long: a supervisor that starts anew says nothing for a moment, and that it is MASTER of nothing
 * until its VRRP process has answered; ten messages lost in a row are no accident.
 */
const COUNTS_MS = 10_000;

/** `unknown`: there is one that was never heard and could be it. */
export type Service = 'served' | 'not served' | 'unknown';

export class Elsewhere {
  /** By address: when a director last said that it is MASTER of it, CLOCK_MONOTONIC ms. */
  readonly #saidMs = new Map<string, number>();
  /** By director: when it was heard first. */
  readonly #firstMs = new Map<string, number>();

  hear({ director, heard }: Peer): void {
    if (heard === null) return;
    if (!this.#firstMs.has(director)) this.#firstMs.set(director, heard.atMs);
    for (const address of heard.masters) this.#saidMs.set(address, heard.atMs);
  }

  /** @param vips of a virtual router: a director says the first of those that it has there itself */
  judge(vips: readonly string[], peers: readonly Peer[], nowMs: number): Service {
    const said = vips.flatMap((address) => this.#saidMs.get(address) ?? []);
    if (said.some((ms) => nowMs - ms < COUNTS_MS)) return 'served';
    const isEachHeard = peers.every(({ director }) => {
      const firstMs = this.#firstMs.get(director);
      return firstMs !== undefined && nowMs - firstMs >= COUNTS_MS;
    });
    return peers.length > 0 && isEachHeard ? 'not served' : 'unknown';
  }
}
