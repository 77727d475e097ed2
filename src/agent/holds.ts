/** Who keeps instances of this director from becoming MASTER: kept across restarts, told in the journal, ended at its time. */
import type { Hold } from '../vrrp/hold.ts';
import { type HoldRecord, holdsShape } from './hold-shape.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { accept } from './shape.ts';

export interface HoldsOptions {
  readonly path: string;
  readonly journal: Journal;
  /** Epoch ms. */
  readonly wall: () => number;
}

export class Holds {
  readonly #options: HoldsOptions;
  #all: readonly HoldRecord[];

  constructor(options: HoldsOptions) {
    this.#options = options;
    this.#all = read(options);
  }

  /** Those whose time is not over. */
  get all(): readonly HoldRecord[] {
    return this.#all.filter(({ until }) => until > this.#options.wall());
  }

  /** Takes the place of what the same owner held of the same instance. @throws Error when it cannot be written; then nothing has changed */
  add(hold: HoldRecord): void {
    const { instance, owner, reason, until } = hold;
    this.#replace([...this.#all.filter((one) => one.instance !== instance || one.owner !== owner), hold]);
    const why = `${owner}${reason === null ? '' : `: ${reason}`}`;
    this.#note(instance, `${nameOf(instance)} held as BACKUP until ${new Date(until).toISOString()} (${why})`);
  }

  /**
   * @param instance null: all of them
   * @param owner null: whoever holds
   * @returns those that no longer hold. @throws Error when it cannot be written
   */
  release(instance: string | null, owner: string | null): readonly HoldRecord[] {
    const isMeant = (one: HoldRecord): boolean =>
      (instance === null || one.instance === instance) && (owner === null || one.owner === owner);
    return this.#end(isMeant, 'was released');
  }

  /** Forgets what has run out. @returns whether anything has */
  expire(): boolean {
    try {
      return this.#end(({ until }) => until <= this.#options.wall(), 'has run out').length > 0;
    } catch {
      return false; // The disk is full: it no longer holds all the same, and is forgotten later.
    }
  }

  #end(isOver: (one: HoldRecord) => boolean, how: string): readonly HoldRecord[] {
    const gone = this.#all.filter(isOver);
    if (gone.length === 0) return [];
    this.#replace(this.#all.filter((one) => !gone.includes(one)));
    for (const { instance, owner } of gone) {
      this.#note(instance, `the hold of ${instance ?? 'all instances'} by ${owner} ${how}`);
    }
    return gone;
  }

  #note(instance: string | null, message: string): void {
    this.#options.journal.note('notice', 'vrrp', message, instance === null ? {} : { instance });
  }

  #replace(holds: readonly HoldRecord[]): void {
    writeJson(this.#options.path, holds);
    this.#all = holds;
  }
}

/** In the VRRP process's terms. @param monotonicOf turns epoch into monotonic ms */
export function holdTold(
  { instance, owner, reason, until }: HoldRecord,
  monotonicOf: (epochMs: number) => number,
): Hold {
  return {
    instance,
    reason: `release by ${owner}${reason === null ? '' : ` (${reason})`}`,
    untilMs: monotonicOf(until),
    endsAlone: false,
  };
}

function nameOf(instance: string | null): string {
  return instance === null ? 'all instances are' : `${instance} is`;
}

function read({ path, journal }: HoldsOptions): readonly HoldRecord[] {
  try {
    return accept(holdsShape, readJson(path) ?? [], 'holds');
  } catch (error) {
    journal.note('error', 'vrrp', `${path} is not readable, nothing is held: ${(error as Error).message}`);
    return [];
  }
}
