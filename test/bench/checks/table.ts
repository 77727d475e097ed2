/** The figures as a table. */
import { aligned } from '../failover/table.ts';
import { figure } from '../figures.ts';
import { KINDS } from './figures.ts';
import { type CheckRow, ratioOf } from './summary.ts';

const HEADS = ['check', 'peer', 'rounds', 'checks/s', 'processor a check', 'memory', 'VRRP loop late: median', 'worst'];

export function tableText(rows: readonly CheckRow[]): string {
  const ratios = KINDS.map((kind) => {
    const [cpu, memory] = [
      ratioOf(rows, kind, (row) => row.microsecondsACheck),
      ratioOf(rows, kind, (row) => row.memoryMb),
    ];
    return `${kind}: lvs-agent takes ${figure(cpu)} × keepalived’s processor time a check, ${figure(memory)} × its memory`;
  });
  return [aligned([HEADS, ...rows.map(cells)]), '', ...ratios].join('\n');
}

function cells(row: CheckRow): string[] {
  return [
    row.kind,
    row.peer,
    String(row.rounds),
    figure(row.checksASecond),
    `${figure(row.microsecondsACheck)} µs`,
    `${figure(row.memoryMb)} MB`,
    `${figure(row.lateMedianMs)} ms`,
    `${figure(row.lateWorstMs)} ms`,
  ];
}
