/** The matrix as data: every combination of the axes, with the reason where there is no such thing. */
import type { Family } from '../../../src/wire/address.ts';

export const AXES = {
  peer: ['keepalived', 'FRR'],
  version: [2, 3],
  family: [4, 6],
  transport: ['multicast', 'unicast'],
  master: ['us', 'them'],
  scenario: [
    'crash',
    'clean stop',
    'priority change',
    'preemption',
    'wrong authentication',
    'VRID clash',
    'interval mismatch',
  ],
} as const;

export interface Cell {
  readonly peer: 'keepalived' | 'FRR';
  readonly version: 2 | 3;
  readonly family: Family;
  readonly transport: 'multicast' | 'unicast';
  /** Who is MASTER when the scenario begins. */
  readonly master: 'us' | 'them';
  readonly scenario: (typeof AXES)['scenario'][number];
}

/** Why a combination is not run; the first that applies is told. */
const NO_SUCH_THING: readonly (readonly [why: string, applies: (cell: Cell) => boolean])[] = [
  ['version 2 carries IPv4 only (RFC 3768 section 5.3.9)', ({ version, family }) => version === 2 && family === 6],
  ['FRR speaks by multicast only', ({ peer, transport }) => peer === 'FRR' && transport === 'unicast'],
  [
    'version 3 has no authentication (RFC 9568 section 9)',
    ({ version, scenario }) => version === 3 && scenario === 'wrong authentication',
  ],
  [
    'FRR has no authentication (RFC 3768 section 5.3.6: removed)',
    ({ peer, scenario }) => peer === 'FRR' && scenario === 'wrong authentication',
  ],
];

const ALL: readonly Cell[] = AXES.scenario.flatMap((scenario) =>
  AXES.master.flatMap((master) =>
    AXES.peer.flatMap((peer) =>
      AXES.version.flatMap((version) =>
        AXES.family.flatMap((family) =>
          AXES.transport.map((transport) => ({ peer, version, family, transport, master, scenario })),
        ),
      ),
    ),
  ),
);

function reasonAgainst(cell: Cell): string | undefined {
  return NO_SUCH_THING.find(([, applies]) => applies(cell))?.[0];
}

export const CELLS: readonly Cell[] = ALL.filter((cell) => reasonAgainst(cell) === undefined);

/** The others, with the reason. */
export const ABSENT: readonly (readonly [cell: Cell, why: string])[] = ALL.flatMap((cell) => {
  const why = reasonAgainst(cell);
  return why === undefined ? [] : [[cell, why] as const];
});

/** Every scenario from both sides once, in ways of speaking that change from one to the next. @param turn where it begins with them */
export function sampleOf(turn: number): Cell[] {
  const kinds = AXES.scenario.flatMap((scenario) => AXES.master.map((master) => ({ scenario, master })));
  return kinds.flatMap(({ scenario, master }, index) => {
    const fitting = CELLS.filter((cell) => cell.scenario === scenario && cell.master === master);
    return fitting[(index + turn) % fitting.length] ?? [];
  });
}

export function nameOf({ peer, version, family, transport, master, scenario }: Cell): string {
  return `${scenario}: ${master === 'us' ? `we are MASTER, ${peer} is BACKUP` : `${peer} is MASTER, we are BACKUP`} (version ${version}, IPv${family}, ${transport})`;
}
