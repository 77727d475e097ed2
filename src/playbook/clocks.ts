/**
 * Whether the clocks of directors that sign their advertisements agree: what one signs, another believes only if it is of about
 * now. Told well before that fails. Pure.
 */
import { CLOCK_GRAIN_MS } from '../facts/clock.ts';
import type { Reading } from './cluster.ts';

interface Read {
  readonly host: string;
  /** By how much its clock is ahead of ours, ms: at least and at most. */
  readonly least: number;
  readonly most: number;
  /** Windows of the instances that it signs or believes signed. */
  readonly windows: ReadonlyMap<string, number>;
}

/** By host: what is wrong, one sentence each. The first director of the topology that an instance has is what others are compared with. */
export function clockProblems(readings: readonly Reading[]): ReadonlyMap<string, string> {
  const read = readings.flatMap(readOf);
  const problems = new Map<string, string>();
  for (const [index, one] of read.entries()) {
    for (const other of read.slice(0, index)) {
      const shared = [...one.windows].filter(([name]) => other.windows.has(name));
      const [name, windowMs] = shared.sort(([, a], [, b]) => a - b)[0] ?? [];
      const apartMs = Math.max(one.least - other.most, other.least - one.most);
      if (windowMs === undefined || apartMs <= windowMs / 2 || problems.has(one.host)) continue;
      const how = one.least > other.most ? 'ahead of' : 'behind';
      problems.set(
        one.host,
        `its clock is at least ${Math.round(apartMs / 100) / 10} s ${how} that of ${other.host}, and signed advertisements of ${name} may be ${windowMs / 1000} s old or early; set the clocks of both (timedatectl set-ntp true, or chronyc makestep) and apply again.`,
      );
    }
  }
  return problems;
}

function readOf(reading: Reading): Read[] {
  if (!('facts' in reading) || reading.askedMs === undefined) return [];
  const { target, facts, askedMs } = reading;
  const windows = (target.wanted.director?.instances ?? []).flatMap(({ name, hmacWindowMs }) =>
    hmacWindowMs === null ? [] : [[name, hmacWindowMs] as const],
  );
  if (facts.clock === null || windows.length === 0) return [];
  return [
    {
      host: target.wanted.host,
      least: facts.clock - askedMs.until,
      most: facts.clock + CLOCK_GRAIN_MS - askedMs.from,
      windows: new Map(windows),
    },
  ];
}
