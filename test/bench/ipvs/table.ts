/** The figures as tables. */
import type { Lateness } from '../director/lateness.ts';
import { aligned } from '../failover/table.ts';
import { figure } from '../figures.ts';
import type { BigService, IpvsFigures, Served, Taken } from './figures.ts';
import { summaryOf } from './summary.ts';

const ms = (value: number): string => `${figure(value)} ms`;

export function tablesText({ rounds, big, served }: IpvsFigures): string {
  const { lines, ...of } = summaryOf(rounds);
  const table = aligned([
    [`${lines} services and realservers, medians of ${rounds.length}`, 'wall', 'ipvsadm -R', 'times as fast'],
    ['programmed by netlink', ms(of.programMs), ms(of.restoreMs), figure(of.programRatio)],
    ['the same as the agent does it', ms(of.reconcileMs), ms(of.restoreMs), figure(of.reconcileRatio)],
    [`compared, nothing to change (${ms(of.unchangedCpuMs)} of processor time)`, ms(of.unchangedMs)],
  ]);
  return [table, ...(big === null ? [] : [bigText(big)]), ...(served === null ? [] : [servedText(served)])].join(
    '\n\n',
  );
}

function bigText({ realservers, program, read, unchanged, oneWeight, restoreMs }: BigService): string {
  const line = (what: string, { wallMs, cpuMs }: Taken) => [what, ms(wallMs), ms(cpuMs)];
  return aligned([
    [`one service of ${realservers} realservers, once`, 'wall', 'processor'],
    line('programmed as the agent does it', program),
    ['ipvsadm -R', ms(restoreMs)],
    line('read', read),
    line('compared, nothing to change', unchanged),
    line('one weight changed', oneWeight),
  ]);
}

function servedText({ startMs, mendMs, cpuMsASecond, memoryMb, ...late }: Served): string {
  const line = (what: string, { medianMs, worstMs, samples }: Lateness) => [
    what,
    ms(medianMs),
    ms(worstMs),
    `${samples}`,
  ];
  return [
    `both processes: the table is there ${ms(startMs)} after the supervisor's start, back ${ms(mendMs)} after it was emptied;`,
    `the supervisor takes ${ms(cpuMsASecond)} of processor time a second and ${figure(memoryMb)} MB`,
    aligned([
      ['lateness of the VRRP loop', 'median', 'worst', 'looks'],
      line('no supervisor beside it', late.lateQuiet),
      line('while the supervisor starts and programs', late.lateProgramming),
      line('while it compares once a second', late.lateSteady),
      line('while it programs what was emptied', late.lateMending),
    ]),
  ].join('\n');
}
