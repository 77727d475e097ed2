/** What is measured, as values: peers, timers, modes, loads, faults. */

export const PEERS = ['lvsctl', 'keepalived'] as const;
export type PeerName = (typeof PEERS)[number];

export const MODES = ['dr', 'nat', 'tun'] as const;
export type Mode = (typeof MODES)[number];

/** `none` is the control: what the machine's own noise costs when nothing happens. */
export const FAULTS = ['none', 'crash', 'stall', 'cut', 'clean-stop', 'hand-over', 'hand-over-off'] as const;
export type FaultName = (typeof FAULTS)[number];

/** What each fault is, for the reader of the table. */
export const FAULT_TEXTS: Readonly<Record<FaultName, string>> = {
  none: 'nothing happens: the noise of this machine',
  crash: 'the MASTER loses its power',
  stall: 'the MASTER stands still for master_down + 2 s, then goes on',
  cut: 'the MASTER is cut off from clients, realservers and peer for master_down + 2 s',
  'clean-stop': 'systemctl stop of lvs-agent or keepalived on the MASTER',
  'hand-over':
    'planned: lvsctl failover --to; keepalived: SIGHUP on the BACKUP with a priority above the MASTER’s, preempting',
  'hand-over-off': 'the same, and the old MASTER loses its power 5 s after the other has taken over',
};

/** One cluster on both peers. */
export interface Setting {
  readonly mode: Mode;
  readonly advertMs: number;
}

export interface BenchPlan {
  readonly peers: readonly PeerName[];
  readonly modes: readonly Mode[];
  readonly advertsMs: readonly number[];
  /** New connections a second. */
  readonly rates: readonly number[];
  readonly faults: readonly FaultName[];
  /** How often each fault. */
  readonly runs: number;
  /** How long three busy loops try to make the BACKUP take over, in each peer; 0: not tried. */
  readonly busySeconds: number;
  /** No round begins later than this after the start. */
  readonly withinMs: number;
  readonly json: boolean;
}

/** Ends in about twelve minutes. */
export const QUICK: BenchPlan = {
  peers: PEERS,
  modes: ['dr'],
  advertsMs: [100],
  rates: [500],
  faults: FAULTS.filter((fault) => fault !== 'hand-over-off'),
  runs: 3,
  busySeconds: 60,
  withinMs: Number.POSITIVE_INFINITY,
  json: false,
};

/** Every combination of DR and NAT: two hours. */
export const FULL: BenchPlan = {
  ...QUICK,
  modes: ['dr', 'nat'],
  advertsMs: [1000, 100],
  rates: [5, 500],
  faults: FAULTS,
  runs: 3,
  busySeconds: 600,
};

/** Priorities as `prefer: [lb1, lb2]` gives them. */
export const PRIORITIES = { lb1: 110, lb2: 100 } as const;
export type Director = keyof typeof PRIORITIES;

/** The longest of the two directors (RFC 9568 section 6.1). */
export function masterDownMs(advertMs: number): number {
  return 3 * advertMs + ((256 - Math.min(...Object.values(PRIORITIES))) / 256) * advertMs;
}
