/**
 * What a service as a whole makes of the verdicts on its realservers: whether nearly all failed at once (fail-open), whether
 * enough of it lives (quorum), whether the sorry server has their place, and since when each realserver has been given
 * connections (slow start). Pure: each look gives the next standing. All times are milliseconds of one monotonic clock.
 */
import type { ServiceConfig } from '../config/service.ts';
import { type FailOpen, type FailOpenRules, failOpenAfter, NOTHING_FELL } from './fail-open.ts';
import { type Quorum, quorumAfter } from './quorum.ts';
import type { LivingWeight } from './service-tracker.ts';
import type { Verdict } from './verdict.ts';

export interface ServiceStanding {
  readonly quorum: Quorum;
  /** When the quorum came to be so. */
  readonly quorumSinceMs: number;
  /** Sums of the weights that realservers have while they live. */
  readonly living: LivingWeight;
  readonly failOpen: FailOpen;
  /** The sorry server has the place of the realservers. */
  readonly sorryServes: boolean;
  /** Who is given connections, and since when. */
  readonly servingSince: ReadonlyMap<string, number>;
}

/** A realserver at one look. */
export interface Member {
  readonly name: string;
  readonly verdict: Verdict;
  /** Down by weight 0 in the kernel alone, as an agent that starts finds it: no check has said so yet. */
  readonly isPresumed: boolean;
  /** Down because somebody wants it so (a `file` check): that all of them are says nothing of a broken check. */
  readonly isMeant: boolean;
  readonly sinceMs: number;
  /** That it has while it lives; 0: drained. */
  readonly weight: number;
  /** Why it is down, one sentence; null: it is not. */
  readonly error: string | null;
}

export interface ServiceRules {
  readonly quorum: Pick<ServiceConfig['quorum'], 'weight' | 'hysteresis'>;
  readonly failOpen: FailOpenRules;
  /** Whether a realserver serves before its first verdict. */
  readonly startsUp: boolean;
  readonly hasSorry: boolean;
}

/** Before the first look. */
export function startingStanding(nowMs: number, adopted: Partial<ServiceStanding> = {}): ServiceStanding {
  return {
    quorum: 'unknown',
    quorumSinceMs: nowMs,
    living: { alive: 0, undecided: 0 },
    failOpen: NOTHING_FELL,
    sorryServes: false,
    servingSince: new Map(),
    ...adopted,
  };
}

/** @param sorry - the verdict on the sorry server: one that is dead is no better than the realservers that are left */
export function afterLook(
  before: ServiceStanding,
  rules: ServiceRules,
  members: readonly Member[],
  sorry: Verdict,
  nowMs: number,
): ServiceStanding {
  const wanted = members.filter(({ weight }) => weight > 0);
  const failing = wanted.filter(({ isMeant }) => !isMeant);
  const failOpen = failOpenAfter(before.failOpen, rules.failOpen, failing, nowMs);
  const lives = ({ name, verdict }: Member): boolean =>
    verdict === 'up' || (verdict === 'unknown' && rules.startsUp) || isHeld({ failOpen }, name);
  const sum = (some: readonly Member[]): number => some.reduce((total, { weight }) => total + weight, 0);
  const living = {
    alive: sum(wanted.filter(lives)),
    undecided: sum(wanted.filter((one) => !lives(one) && (one.verdict === 'unknown' || one.isPresumed))),
  };
  const quorum = quorumAfter(before.quorum, living, rules.quorum);
  // One that was never asked is not begun with; one that serves goes on until its check says otherwise.
  const canServe = sorry === 'up' || (sorry === 'unknown' && before.sorryServes);
  const sorryServes = rules.hasSorry && quorum === 'down' && canServe;
  const serving = sorryServes ? [] : wanted.filter(lives);
  // What nearly all are held for was no failure of theirs: they go on where they were.
  const sinceOf = ({ name }: Member): number =>
    before.servingSince.get(name) ?? (isHeld({ failOpen }, name) ? Number.NEGATIVE_INFINITY : nowMs);
  return {
    quorum,
    quorumSinceMs: quorum === before.quorum ? before.quorumSinceMs : nowMs,
    living,
    failOpen,
    sorryServes,
    servingSince: new Map(serving.map((one) => [one.name, sinceOf(one)])),
  };
}

/** It fails, and serves all the same. */
export function isHeld({ failOpen }: Pick<ServiceStanding, 'failOpen'>, realserver: string): boolean {
  return failOpen.open?.held.has(realserver) ?? false;
}
