/** What follows for this director from what it hears, and what of it was told in the journal already. */
import type { Journal } from '../journal.ts';
import { isSilent, newerThan, type Peer } from './peers.ts';

export interface Moment {
  /** CLOCK_MONOTONIC ms. */
  readonly nowMs: number;
  readonly wallMs: number;
  /** From when on the peers are listened for. */
  readonly sinceMs: number;
}

export class Judgement {
  readonly #journal: Journal;
  /** Generations up to this one are no reason to hold: somebody has said so. */
  #waived = 0;
  #behind: { readonly reason: string; readonly since: number } | null = null;
  #silent: ReadonlySet<string> = new Set();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Since when this director is held for its old configuration, and why; null: it is not. */
  get behind(): { readonly reason: string; readonly since: number } | null {
    return this.#behind;
  }

  /** What is known to be newer now holds no more. @returns whether it did */
  waive(generation: number, peers: readonly Peer[], moment: Moment): boolean {
    if (this.#behind === null) return false;
    this.#waived = newerThan(generation, peers)?.generation ?? 0;
    this.judge(generation, peers, moment);
    return true;
  }

  judge(generation: number, peers: readonly Peer[], moment: Moment): void {
    this.#judgeAge(generation, peers, moment.wallMs);
    this.#judgeSilence(peers, moment);
  }

  #judgeAge(generation: number, peers: readonly Peer[], wallMs: number): void {
    const newest = newerThan(Math.max(generation, this.#waived), peers);
    if (newest === null) {
      if (this.#behind !== null) {
        this.#journal.note('notice', 'config', 'no longer held for an old configuration', { generation });
      }
      this.#behind = null;
      return;
    }
    const { director, generation: theirs } = newest;
    const reason = `generation ${theirs} of the configuration, which ${director} has (ours is ${generation})`;
    if (this.#behind === null) {
      this.#journal.note('warning', 'config', `no instance becomes MASTER before there is ${reason}`, { director });
    }
    this.#behind = { reason, since: this.#behind?.since ?? wallMs };
  }

  #judgeSilence(peers: readonly Peer[], { nowMs, sinceMs }: Moment): void {
    const silent = new Set(peers.filter((one) => isSilent(one, sinceMs, nowMs)).map(({ director }) => director));
    for (const { director } of peers) {
      if (silent.has(director) === this.#silent.has(director)) continue;
      if (silent.has(director)) this.#journal.note('warning', 'agent', `${director} is not heard from`, { director });
      else this.#journal.note('notice', 'agent', `${director} is heard from again`, { director });
    }
    this.#silent = silent;
  }
}
