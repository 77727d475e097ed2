/**
 * Who is MASTER, and whether trackers can change it. keepalived's most asked question is a weight that never fails over;
 * here all that can fail is gone through beforehand, and the sums are shown.
 */
import type { Config } from '../config.ts';
import { inGroup } from '../group.ts';
import type { InstanceConfig } from '../instance.ts';
import { OWNER_PRIORITY } from '../priority.ts';
import { bonusOf, companyThatTurns, type Duel, duelOf, isLevelled, type Runner } from './contest.ts';
import type { Context, Rule } from './rule.ts';
import { Sums } from './sums.ts';
import { alwaysDown, type Tracker, trackersOf } from './tracker.ts';

/** Instances that move together, and what moves them. */
interface Contest {
  readonly members: readonly InstanceConfig[];
  /** The sync group, or null for an instance of its own. */
  readonly group: string | null;
  /** Preferred first. */
  readonly runners: readonly Runner[];
  /** With a weight, each once. */
  readonly trackers: readonly Tracker[];
  readonly preempt: boolean;
}

function contestsOf(config: Config): Contest[] {
  const groups = config.syncGroups.map(({ name, members }) =>
    contestOf(
      config.instances.filter((one) => members.includes(one.name)),
      name,
      config,
    ),
  );
  const alone = config.instances.filter((one) => !config.syncGroups.some(({ members }) => members.includes(one.name)));
  return [...alone.map((instance) => contestOf([instance], null, config)), ...groups];
}

function contestOf(members: readonly InstanceConfig[], group: string | null, config: Config): Contest {
  const [first] = members;
  const trackers = new Map<string, Tracker>();
  for (const one of members.flatMap((member) => trackersOf(member, config))) {
    const counts = one.weight !== 0 && alwaysDown(one, config) === undefined;
    if (counts && !trackers.has(one.what)) trackers.set(one.what, one);
  }
  return {
    members,
    group,
    runners: (first?.speakers ?? []).map(({ director }) => ({
      director,
      bases: members.map(({ speakers }) => speakers.find((one) => one.director === director)?.priority ?? 0),
    })),
    trackers: [...trackers.values()],
    preempt: first !== undefined && inGroup(config, first).preempt,
  };
}

function trackersCount({ config, report }: Context): void {
  for (const contest of contestsOf(config)) {
    const { runners, trackers, members } = contest;
    const [top] = runners;
    // Of foreign speakers the priorities are not known; what groups cannot agree on is told elsewhere.
    if (top === undefined || members.some(isForeign) || !agree(members)) continue;
    if (runners.length === 1) {
      for (const { what, steps } of trackers) {
        report([...steps, 'weight'], `only ${top.director} takes part: the weight of ${what} never changes the order`, {
          expected: 'a second director, or weight 0 (down means FAULT)',
        });
      }
      continue;
    }
    judge(contest, report);
  }
}

function isForeign({ speakers, foreignPeers }: InstanceConfig): boolean {
  return speakers.length === 1 && foreignPeers.length > 0;
}

function agree(members: readonly InstanceConfig[]): boolean {
  const orders = members.map(({ speakers }) => speakers.map(({ director }) => director));
  const sets = new Set(orders.map((order) => order.toSorted().join('\n')));
  return sets.size === 1 && new Set(orders.map(([first]) => first)).size === 1;
}

/** First the preferred director; then, as a warning, each that would follow it, with those before it gone. */
function judge(contest: Contest, report: Context['report']): void {
  const { runners, trackers } = contest;
  const bonus = bonusOf(trackers);
  const [top, ...others] = runners;
  const duel = top === undefined ? undefined : duelOf(top, others, bonus);
  const problems = duel === undefined ? [] : problemsOf(duel, contest);
  for (const { tracker, message, expected } of problems) report([...tracker.steps, 'weight'], message, { expected });
  if (problems.length > 0) return;
  for (const [index, keeper] of others.entries()) {
    const next = duelOf(keeper, others.slice(index + 1), bonus);
    const [first] = next === undefined ? [] : problemsOf(next, contest);
    if (first === undefined) continue;
    const gone = runners.slice(0, index + 1).map(({ director }) => director);
    const message = `with ${gone.join(' and ')} gone, ${first.message}`;
    report([...first.tracker.steps, 'weight'], message, { expected: first.expected, severity: 'warning' });
  }
}

interface Misfit {
  readonly tracker: Tracker;
  readonly message: string;
  readonly expected: string;
}

const FAULT_INSTEAD = '0 (down means FAULT)';

function problemsOf(duel: Duel, { trackers, members, group, preempt }: Contest): Misfit[] {
  const sums = new Sums(duel, bonusOf(trackers), group === null ? null : (members[duel.member]?.name ?? null));
  const [first] = trackers;
  if (first === undefined) return [];
  if (isLevelled(duel, trackers)) {
    return [
      { tracker: first, message: sums.level, expected: 'priorities that stay below 255 with all positive weights' },
    ];
  }
  const most = trackers.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  if (trackers.length > 1 && most <= duel.gap && Number.isFinite(duel.gap)) {
    const message = `${sums.after(trackers)}, not below ${sums.rival}: no failure changes the order`;
    return [{ tracker: first, message, expected: `weights of ±${duel.gap + 1} or more together, or ${FAULT_INSTEAD}` }];
  }
  return trackers.flatMap((tracker): Misfit[] => {
    const others = trackers.filter((other) => other !== tracker);
    const company = companyThatTurns(tracker, others, duel.gap);
    if (company === undefined) {
      const never = others.length === 0 ? 'the order never changes' : 'it never changes the order, whatever else fails';
      const message = `${sums.after([tracker])}, not below ${sums.rival}: ${never}`;
      return [{ tracker, message, expected: wayOut(duel) }];
    }
    if (preempt) return [];
    const message = `${sums.after([...company, tracker])}, below ${sums.rival}, but \`preempt\` is false: a living MASTER stays`;
    return [{ tracker, message, expected: `preempt: true, or weight ${FAULT_INSTEAD}` }];
  });
}

/** What would let one tracker turn the order alone. */
function wayOut({ keeper, rival, member, gap }: Duel): string {
  if (Number.isFinite(gap)) return `a weight of at least ±${gap + 1}, or ${FAULT_INSTEAD}`;
  return keeper.bases[member] === OWNER_PRIORITY ? 'a priority below 255' : `a higher priority of ${rival.director}`;
}

export const ORDER_RULES: readonly Rule[] = [
  { needs: ['directors', 'scripts', 'sync_groups'], followsNames: true, check: trackersCount },
];
