/** From rounds to rows, and what the rows say of the goals: figures of both peers from one run, and their ratio. */

import { median } from '../figures.ts';
import type { Goal } from '../goal.ts';
import type { Busy } from './busy.ts';
import { type FaultName, type Mode, masterDownMs, type PeerName } from './plan.ts';
import type { Round } from './round.ts';

export interface Row {
  readonly peer: PeerName;
  readonly mode: Mode;
  readonly advertMs: number;
  readonly rate: number;
  readonly fault: FaultName;
  readonly runs: number;
  /** Rounds that could not be measured. */
  readonly broken: number;
  readonly medianGapMs: number;
  readonly worstGapMs: number;
  readonly failed: number;
  readonly sent: number;
  readonly connectionsLost: number;
  readonly connections: number;
  readonly downloadsLost: number;
  readonly downloads: number;
  /** The most often that the VIP came to a director in one round. */
  readonly moves: number;
  readonly ownLatenessMs: number;
  /** Rounds begun again because the load generator stood still. */
  readonly repeated: number;
}

/** One row for each combination that was run, in the order of the first rounds. */
export function rowsOf(rounds: readonly Round[]): Row[] {
  const groups = Map.groupBy(rounds, ({ mode, advertMs, rate, fault, peer }) =>
    [mode, advertMs, rate, fault, peer].join(' '),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const measured = group.flatMap((round) => round.measured ?? []);
    const sum = (of: (one: (typeof measured)[number]) => number) => measured.reduce((total, one) => total + of(one), 0);
    return [
      {
        ...{ peer: first.peer, mode: first.mode, advertMs: first.advertMs, rate: first.rate, fault: first.fault },
        runs: measured.length,
        broken: group.length - measured.length,
        medianGapMs: median(measured.map(({ gapMs }) => gapMs)),
        worstGapMs: Math.max(...measured.map(({ gapMs }) => gapMs)),
        failed: sum(({ failed }) => failed),
        sent: sum(({ sent }) => sent),
        connectionsLost: sum(({ connectionsLost }) => connectionsLost),
        connections: sum(({ connections }) => connections),
        downloadsLost: sum(({ downloadsLost }) => downloadsLost),
        downloads: sum(({ downloads }) => downloads),
        moves: Math.max(...group.map(({ moves }) => moves)),
        ownLatenessMs: Math.max(...measured.map(({ ownLatenessMs }) => ownLatenessMs)),
        repeated: group.reduce((total, { repeated }) => total + repeated, 0),
      },
    ];
  });
}

/** Two medians of a stick that is 10 ms long are equal when they differ by no more. */
const RESOLUTION_MS = 10;
const TOLERANCE_MS = 50;
const PLANNED_GAP_MS = 50;

export function goalsOf(rows: readonly Row[]): Goal[] {
  return rows.filter(({ peer, runs }) => peer === 'lvsctl' && runs > 0).flatMap((ours) => goalsOfRow(ours, rows));
}

function goalsOfRow(ours: Row, rows: readonly Row[]): Goal[] {
  const where = `${ours.fault}, ${ours.mode}, ${ours.advertMs} ms, ${ours.rate} new connections a second`;
  if (ours.fault === 'crash')
    return crashGoals(
      ours,
      where,
      rows.find((row) => isSame(row, ours)),
    );
  const isPlanned = ours.fault === 'hand-over' || ours.fault === 'hand-over-off';
  return isPlanned && ours.mode !== 'nat' ? plannedGoals(ours, where) : [];
}

function isSame(row: Row, ours: Row): boolean {
  const { peer, mode, advertMs, rate, fault, runs } = row;
  const isOther = peer !== ours.peer && runs > 0;
  return isOther && mode === ours.mode && advertMs === ours.advertMs && rate === ours.rate && fault === ours.fault;
}

function crashGoals(ours: Row, where: string, theirs: Row | undefined): Goal[] {
  const limit = masterDownMs(ours.advertMs) + TOLERANCE_MS;
  const own = {
    text: `${where}: median gap ${ours.medianGapMs.toFixed(0)} ms ≤ master_down + ${TOLERANCE_MS} ms (${limit.toFixed(0)})`,
    met: ours.medianGapMs <= limit,
  };
  if (theirs === undefined) return [own];
  const ratio = (ours.medianGapMs / theirs.medianGapMs).toFixed(2);
  const figures = `${ours.medianGapMs.toFixed(0)} ms ≤ keepalived’s ${theirs.medianGapMs.toFixed(0)} ms, ${ratio} ×`;
  const met = ours.medianGapMs <= theirs.medianGapMs + RESOLUTION_MS;
  return [{ text: `${where}: median gap ${figures} (within ${RESOLUTION_MS} ms)`, met }, own];
}

function plannedGoals(ours: Row, where: string): Goal[] {
  const { worstGapMs, connectionsLost, downloadsLost, failed } = ours;
  const lost = connectionsLost + downloadsLost;
  return [
    {
      text: `${where}: worst gap ${worstGapMs.toFixed(0)} ms ≤ ${PLANNED_GAP_MS} ms`,
      met: worstGapMs <= PLANNED_GAP_MS,
    },
    { text: `${where}: ${lost} connections lost, ${failed} requests failed: none`, met: lost + failed === 0 },
  ];
}

export function busyGoal(runs: readonly Busy[]): Goal[] {
  return runs.flatMap(({ peer, seconds, transitions }) => {
    const text = `three busy loops for ${seconds} s: ${transitions} false failovers, none`;
    return peer === 'lvsctl' ? [{ text, met: transitions === 0 }] : [];
  });
}
