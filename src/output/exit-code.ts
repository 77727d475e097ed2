/** The exit codes of every command, and which one wins when hosts end differently. */

/**
 * 0 done · 1 unexpected · 2 differences found (plan) or a host failed (apply, play) · 3 stopped by policy · 4 hosts
 * unreachable only · 5 bad input or usage · 6 lock held · 7 host key or authentication refused · 130 interrupted.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;

/** What a run found, before it is folded into one code; 2 has two meanings of different rank. */
export type Outcome =
  | 'done'
  | 'differences'
  | 'unreachable'
  | 'failed'
  | 'policy'
  | 'input'
  | 'locked'
  | 'refused'
  | 'unexpected'
  | 'interrupted';

/** Lowest rank first. */
const RANKS: readonly (readonly [Outcome, ExitCode])[] = [
  ['done', 0],
  ['differences', 2],
  ['unreachable', 4],
  ['failed', 2],
  ['policy', 3],
  ['input', 5],
  ['locked', 6],
  ['refused', 7],
  ['unexpected', 1],
  ['interrupted', 130],
];

const CODES: ReadonlyMap<Outcome, ExitCode> = new Map(RANKS);
const RANK: ReadonlyMap<Outcome, number> = new Map(RANKS.map(([outcome], rank) => [outcome, rank]));

/**
 * The code of a run with these outcomes: 130 and 1 first (the run itself did not end as it should), then
 * 7 > 6 > 5 > 3 > 2 (failed) > 4 > 2 (differences) > 0.
 */
export function exitCodeOf(outcomes: Iterable<Outcome>): ExitCode {
  let worst: Outcome = 'done';
  for (const outcome of outcomes) {
    if ((RANK.get(outcome) ?? 0) > (RANK.get(worst) ?? 0)) worst = outcome;
  }
  return CODES.get(worst) ?? 1;
}

/** The outcome that a failure's own exit code stands for. */
export function outcomeOf(code: ExitCode): Outcome {
  if (code === 2) return 'failed';
  return RANKS.find(([, other]) => other === code)?.[0] ?? 'unexpected';
}
