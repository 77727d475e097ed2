/** Rows, rounds and goals as text. */
import type { Busy } from './busy.ts';
import type { Round } from './round.ts';
import type { Row } from './summary.ts';

const HEADS = ['mode', 'advert', 'new/s', 'fault', 'peer', 'runs', 'gap: median', 'worst', 'requests failed'];
const MORE_HEADS = ['keep-alives lost', 'downloads lost', 'VIP moves', 'late ≤', 'begun again'];

export function tableText(rows: readonly Row[]): string {
  return aligned([[...HEADS, ...MORE_HEADS], ...rows.map(cells)]);
}

function cells(row: Row): string[] {
  const ms = (value: number) => (Number.isFinite(value) ? `${value.toFixed(0)} ms` : '–');
  return [
    row.mode,
    ms(row.advertMs),
    String(row.rate),
    row.fault,
    row.peer,
    row.broken === 0 ? String(row.runs) : `${row.runs} (${row.broken} not measured)`,
    ms(row.medianGapMs),
    ms(row.worstGapMs),
    `${row.failed} of ${row.sent}`,
    `${row.connectionsLost} of ${row.connections}`,
    `${row.downloadsLost} of ${row.downloads}`,
    String(row.moves),
    ms(row.ownLatenessMs),
    String(row.repeated),
  ];
}

export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines.reduce<number[]>(
    (all, line) => line.map((cell, index) => Math.max(cell.length, all[index] ?? 0)),
    [],
  );
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function busyText({ peer, advertMs, seconds, transitions, failed, sent }: Busy): string {
  const what = `three busy loops on the MASTER for ${seconds} s at ${advertMs} ms, ${peer}`;
  return `${what}: ${transitions} transitions, ${failed} of ${sent} requests failed`;
}

export function roundText({ measured, error, rate, fault }: Round): string {
  if (measured === undefined) return `${fault} at ${rate}/s: not measured: ${error}`;
  const { gapMs, failed, causes, connectionsLost, connections, downloadsLost, downloads } = measured;
  const lost = `${connectionsLost} of ${connections} and ${downloadsLost} of ${downloads} lost`;
  return `${fault} at ${rate}/s: gap ${gapMs.toFixed(0)} ms, ${failed} failed ${JSON.stringify(causes)}, ${lost}`;
}
