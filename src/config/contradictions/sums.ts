/** The sums of a duel as an error shows them. */
import { OWNER_PRIORITY, withinRange } from '../priority.ts';
import type { Duel } from './contest.ts';
import type { Tracker } from './tracker.ts';

/** Terms that are written out. */
const SHOWN = 4;

export class Sums {
  readonly #duel: Duel;
  readonly #bonus: number;
  readonly #where: string;

  /** @param member - the instance that is spoken of; null where there is only one */
  constructor(duel: Duel, bonus: number, member: string | null) {
    this.#duel = duel;
    this.#bonus = bonus;
    this.#where = member === null ? '' : ` in ${member}`;
  }

  /** `lb2 with 100` */
  get rival(): string {
    const { rival, member } = this.#duel;
    return `${rival.director} with ${withinRange((rival.bases[member] ?? 0) + this.#bonus)}${this.#where}`;
  }

  /** `when script nginx fails on lb1: 110 − 20 = 90` */
  after(trackers: readonly Tracker[]): string {
    const { keeper, member } = this.#duel;
    const base = keeper.bases[member] ?? 0;
    const events =
      trackers.length > SHOWN
        ? 'all that is tracked fails'
        : trackers.map(({ what, fails }) => `${what} ${fails}`).join(' and ');
    const losses = trackers.map(({ weight }) => Math.abs(weight));
    const loss = losses.reduce((sum, one) => sum + one, 0);
    const terms = losses.length > SHOWN ? ` − ${loss}` : losses.map((one) => ` − ${one}`).join('');
    const result = base === OWNER_PRIORITY ? String(base) : bounded(base + this.#bonus - loss);
    return `when ${events} on ${keeper.director}: ${this.#start(base)}${terms} = ${result}`;
  }

  /** `with all well lb1 has 200 + 100 = 300, at most 254, and lb2 …` */
  get level(): string {
    const { keeper, rival, member } = this.#duel;
    const [one, other] = [keeper, rival].map(({ director, bases }) => {
      const base = bases[member] ?? 0;
      return `${director} has ${base} + ${this.#bonus} = ${bounded(base + this.#bonus)}`;
    });
    return `with all well ${one}, and ${other}${this.#where}: neither is preferred`;
  }

  /** With all well. */
  #start(base: number): string {
    const sum = base + this.#bonus;
    return base === OWNER_PRIORITY || sum === withinRange(sum)
      ? String(Math.min(sum, OWNER_PRIORITY))
      : `${base} + ${this.#bonus}`;
  }
}

function bounded(sum: number): string {
  const effective = withinRange(sum);
  const least = sum < effective ? `, at least ${effective}` : `, at most ${effective}`;
  return sum === effective ? String(sum) : `${sum}`.replace('-', '−') + least;
}
