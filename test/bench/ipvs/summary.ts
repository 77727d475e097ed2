/** From rounds to medians, ratios and goals. */
import { figure, median } from '../figures.ts';
import type { Goal } from '../goal.ts';
import type { BigService, IpvsFigures, IpvsRound, Served, Taken } from './figures.ts';

/** Times as fast as `ipvsadm -R`. */
const FASTER = 10;
const UNCHANGED_CPU_MS = 200;
/** Of the loop, with adverts every 100 ms: a BACKUP waits for more than three of them. */
const LATE_MS = 100;

export interface IpvsSummary {
  readonly lines: number;
  readonly programMs: number;
  readonly reconcileMs: number;
  readonly restoreMs: number;
  /** How often faster than ipvsadm: the median of each round's own ratio. */
  readonly programRatio: number;
  readonly reconcileRatio: number;
  readonly unchangedMs: number;
  readonly unchangedCpuMs: number;
}

export function summaryOf(rounds: readonly IpvsRound[]): IpvsSummary {
  const of = (value: (round: IpvsRound) => number) => median(rounds.map(value));
  const unchanged = (value: (taken: Taken) => number) => median(rounds.flatMap((one) => one.unchanged.map(value)));
  return {
    lines: rounds[0]?.lines ?? 0,
    programMs: of(({ program }) => program.wallMs),
    reconcileMs: of(({ reconcile }) => reconcile.wallMs),
    restoreMs: of(({ restoreMs }) => restoreMs),
    programRatio: of(({ restoreMs, program }) => restoreMs / program.wallMs),
    reconcileRatio: of(({ restoreMs, reconcile }) => restoreMs / reconcile.wallMs),
    unchangedMs: unchanged(({ wallMs }) => wallMs),
    unchangedCpuMs: unchanged(({ cpuMs }) => cpuMs),
  };
}

export function goalsOf({ rounds, big, served }: IpvsFigures): Goal[] {
  const { programRatio, unchangedCpuMs } = summaryOf(rounds);
  return [
    {
      text: `programmed ${figure(programRatio)} × as fast as ipvsadm -R (goal ≥ ${FASTER})`,
      met: programRatio >= FASTER,
    },
    {
      text: `compared with no change in ${figure(unchangedCpuMs)} ms of processor time (goal ≤ ${UNCHANGED_CPU_MS})`,
      met: unchangedCpuMs <= UNCHANGED_CPU_MS,
    },
    { text: 'ipvsadm makes the same table of the same lines', met: rounds.every(({ isEqual }) => isEqual) },
    ...(big === null ? [] : bigGoals(big)),
    ...(served === null ? [] : servedGoals(served)),
  ];
}

function bigGoals({ realservers, isRight }: BigService): Goal[] {
  return [{ text: `one service of ${realservers} realservers: programmed, read, one weight changed`, met: isRight }];
}

function servedGoals({ cpuMsASecond, lateProgramming, lateSteady, lateMending }: Served): Goal[] {
  const worst = Math.max(lateProgramming.worstMs, lateSteady.worstMs, lateMending.worstMs);
  return [
    {
      text: `the supervisor takes ${figure(cpuMsASecond)} ms of processor time a second (goal ≤ ${UNCHANGED_CPU_MS})`,
      met: cpuMsASecond <= UNCHANGED_CPU_MS,
    },
    { text: `the VRRP loop beside it is never ${LATE_MS} ms late (worst ${figure(worst)} ms)`, met: worst < LATE_MS },
  ];
}
