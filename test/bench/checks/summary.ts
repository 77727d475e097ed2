/** From rounds to processor time a check, ratios and goals. */
import { figure, median } from '../figures.ts';
import type { Goal } from '../goal.ts';
import { type CheckRound, KINDS, type Kind, PEERS, type Peer, type RateRound } from './figures.ts';

/** Of the checks that are wanted; the rest is the warmup's spread and the counter's own connection. */
const HELD = 0.99;
/** What the VRRP loop may be later than with nothing beside it, with adverts every 100 ms. */
const LATER_MS = 10;

export interface CheckRow {
  readonly kind: Kind;
  readonly peer: Peer;
  readonly rounds: number;
  readonly checksASecond: number;
  readonly microsecondsACheck: number;
  readonly memoryMb: number;
  /** Of the VRRP loop: the median of medians, and the worst of all. */
  readonly lateMedianMs: number;
  readonly lateWorstMs: number;
}

export function rowsOf(rounds: readonly CheckRound[]): CheckRow[] {
  return KINDS.flatMap((kind) => PEERS.flatMap((peer) => rowOf(rounds, kind, peer)));
}

function rowOf(rounds: readonly CheckRound[], kind: Kind, peer: Peer): CheckRow[] {
  const mine = rounds.filter((round) => round.kind === kind && round.peer === peer);
  if (mine.length === 0) return [];
  const of = (value: (round: CheckRound) => number) => median(mine.map(value));
  return [
    {
      ...{ kind, peer, rounds: mine.length },
      checksASecond: of(({ checks, elapsedMs }) => (checks / elapsedMs) * 1000),
      microsecondsACheck: of(({ checks, cpuMs }) => (cpuMs / checks) * 1000),
      memoryMb: of(({ memoryMb }) => memoryMb),
      lateMedianMs: median(mine.flatMap(({ late }) => late?.medianMs ?? [])),
      lateWorstMs: Math.max(...mine.flatMap(({ late }) => late?.worstMs ?? [])),
    },
  ];
}

/** Of a kind: our figure over keepalived's; NaN where one of them was not measured. */
export function ratioOf(rows: readonly CheckRow[], kind: Kind, value: (row: CheckRow) => number): number {
  const of = (peer: Peer) => rows.filter((row) => row.kind === kind && row.peer === peer).map(value)[0] ?? Number.NaN;
  return of('lvs-agent') / of('keepalived');
}

export function goalsOf(rate: RateRound | null): Goal[] {
  if (rate === null) return [];
  const { wanted, checks, failed, elapsedMs, cpuMs, lateQuiet, late } = rate;
  const perSecond = (checks / elapsedMs) * 1000;
  const busy = (cpuMs / elapsedMs) * 100;
  return [
    {
      text: `${figure(perSecond)} TCP checks a second on one core, ${figure(busy)} % of it, ${failed} failed (goal ${wanted}, none)`,
      met: perSecond >= wanted * HELD && failed === 0,
    },
    {
      text: `the VRRP loop on that core: median ${figure(late.medianMs)} ms late, without checks ${figure(lateQuiet.medianMs)} ms; worst ${figure(late.worstMs)}, without ${figure(lateQuiet.worstMs)} ms (goal: at most ${LATER_MS} ms worse)`,
      met: late.worstMs <= lateQuiet.worstMs + LATER_MS && late.medianMs <= lateQuiet.medianMs + LATER_MS,
    },
  ];
}
