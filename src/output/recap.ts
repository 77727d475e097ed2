/** PLAY RECAP, with Ansible's columns: people and scripts grep it. */
import type { Outcome } from './exit-code.ts';
import type { Style } from './style.ts';

export interface HostRecap {
  readonly host: string;
  /** Operations that ended well, changed ones included. */
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
}

const COLUMNS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const;

const WIDTH = 80;

export function recapText(recaps: readonly HostRecap[], style: Style): string {
  const name = Math.max(0, ...recaps.map(({ host }) => host.length));
  const lines = recaps.map((recap) => {
    const counts = COLUMNS.map((column) => countText(column, recap[column], style)).join(' ');
    return `${hostStyle(recap, style)(recap.host.padEnd(name))} : ${counts.trimEnd()}`;
  });
  return ['PLAY RECAP '.padEnd(WIDTH, '*'), ...lines].join('\n');
}

/** What a host's counts mean for the exit code. */
export function outcomeOfRecap({ unreachable, failed }: HostRecap): Outcome {
  if (failed > 0) return 'failed';
  return unreachable > 0 ? 'unreachable' : 'done';
}

function hostStyle(recap: HostRecap, style: Style): (text: string) => string {
  if (recap.failed > 0 || recap.unreachable > 0) return style.bad;
  return recap.changed > 0 ? style.changed : style.good;
}

function countText(column: (typeof COLUMNS)[number], count: number, style: Style): string {
  const text = `${column}=${String(count).padEnd(4)}`;
  if (count === 0) return text;
  if (column === 'failed' || column === 'unreachable') return style.bad(text);
  return column === 'changed' ? style.changed(text) : text;
}
