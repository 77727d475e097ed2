/**
 * Who holds the addresses when trackers fail: the directors of an instance, or of a sync group, against each other. What a
 * director loses by failing trackers is the sum of their weights without signs (a positive one is no longer added, a negative one
 * is), so that all combinations come down to which sums can be reached: 254 at most, however many trackers there are.
 */
import { OWNER_PRIORITY, sumOf, withinRange } from '../priority.ts';

export interface Runner {
  readonly director: string;
  /** Its priorities as configured, one an instance that moves with the others. */
  readonly bases: readonly number[];
}

/** One director that holds the addresses, and the one that would follow it first. */
export interface Duel {
  readonly keeper: Runner;
  readonly rival: Runner;
  /** Which instance holds out the longest: the group moves when it would, too. */
  readonly member: number;
  /** The most that the keeper can lose without being below the rival, who loses nothing; infinite: it never is. */
  readonly gap: number;
}

interface Weight {
  readonly weight: number;
}

/** What is added while all is well. */
export function bonusOf(trackers: readonly Weight[]): number {
  return sumOf(
    0,
    trackers.map(({ weight }) => ({ weight, isDown: false })),
  );
}

/** The keeper against whoever of the rivals follows first; undefined without rivals. */
export function duelOf(keeper: Runner, rivals: readonly Runner[], bonus: number): Duel | undefined {
  const duels = rivals.map((rival) => {
    const gaps = keeper.bases.map((base, member) => gapOf(base, rival.bases[member] ?? 0, bonus));
    const gap = Math.max(...gaps);
    return { keeper, rival, member: gaps.indexOf(gap), gap };
  });
  return duels.sort((a, b) => a.gap - b.gap)[0];
}

/** Not below: of equal priorities the one that is MASTER stays (RFC 9568 section 6.4.2). */
function gapOf(base: number, rivalBase: number, bonus: number): number {
  const rival = withinRange(rivalBase + bonus);
  return base === OWNER_PRIORITY || rival <= 1 ? Number.POSITIVE_INFINITY : base + bonus - rival;
}

/** With all well the rival is at the upper end where the keeper is, in some instance: the order that was configured is lost. */
export function isLevelled({ keeper, rival, member }: Duel, trackers: readonly Weight[]): boolean {
  const bonus = bonusOf(trackers);
  const [mine, theirs] = [keeper, rival].map(({ bases }) => (bases[member] ?? 0) + bonus) as [number, number];
  if (keeper.bases[member] === OWNER_PRIORITY) return false;
  // also one that comes to the end exactly, beside a keeper that is cut off there
  return theirs > withinRange(theirs) || (mine !== theirs && withinRange(mine) === withinRange(theirs));
}

/**
 * Others whose failing leaves the order as it is, and with which this one turns it; none may be needed.
 * @returns undefined where it never decides
 */
export function companyThatTurns<T extends Weight>(one: T, others: readonly T[], gap: number): T[] | undefined {
  // Sum → the tracker that reached it first, and the sum before: earlier trackers only, so no one counts twice.
  const ways = new Map<number, { readonly before: number; readonly tracker: T } | null>([[0, null]]);
  for (const tracker of others) {
    for (const before of [...ways.keys()]) {
      const sum = before + Math.abs(tracker.weight);
      if (sum <= gap && !ways.has(sum)) ways.set(sum, { before, tracker });
    }
  }
  const loss = Math.abs(one.weight);
  const fitting = [...ways.keys()].filter((sum) => sum + loss > gap);
  return fitting.length === 0 ? undefined : wayTo(Math.min(...fitting), ways);
}

function wayTo<T>(
  sum: number,
  ways: ReadonlyMap<number, { readonly before: number; readonly tracker: T } | null>,
): T[] {
  const way = ways.get(sum);
  return way == null ? [] : [...wayTo(way.before, ways), way.tracker];
}
