/** What an instance watches, turned into its priority, its faults and whether it may become MASTER yet. */
import { effectivePriority } from '../config/priority.ts';
import type { Address } from '../wire/address.ts';
import type { InstanceSetup, Tracker } from './instance-setup.ts';
import { WAIT_FOR_VERDICTS_MS } from './intervals.ts';
import type { TrackerKind, TrackerState } from './link.ts';
import { virtualMacFaults } from './virtual-mac.ts';

/** One interface as far as VRRP cares. */
export interface InterfaceFacts {
  /** Up and with a carrier since, monotonic ms; null: down or not there. */
  readonly upSinceMs: number | null;
  readonly addresses: readonly Address[];
  /** Why it cannot be used although it may be up, one sentence. */
  readonly problem?: string;
  /** Addresses that it has lost while it stayed up, and when, monotonic ms. */
  readonly lostMs?: Readonly<Record<Address, number>>;
}

/** An interface as the kernel has it now; how long it is up is kept here. */
export interface InterfaceNow {
  readonly up: boolean;
  readonly addresses: readonly Address[];
  readonly problem?: string;
}

/** Everything that is watched, by name. */
export interface Surroundings {
  readonly interfaces: Readonly<Record<string, InterfaceFacts>>;
  readonly scripts: Readonly<Record<string, TrackerState>>;
  readonly services: Readonly<Record<string, TrackerState>>;
  readonly files: Readonly<Record<string, TrackerState>>;
  /** IPVS is programmed and the first verdicts are in, or there is nothing to wait for. */
  readonly ready: boolean;
  readonly startedAtMs: number;
}

export interface Standing {
  readonly priority: number;
  readonly faults: readonly string[];
  readonly waitingFor: string | null;
  /** When the gate opens by itself, or null. */
  readonly opensAtMs: number | null;
}

export interface Watched extends Tracker {
  readonly kind: TrackerKind;
  /** As it was told: of a file, down while it exists. */
  readonly state: TrackerState;
  /** As it counts, with `reverse`. */
  readonly isDown: boolean;
}

export function standingOf(setup: InstanceSetup, around: Surroundings, nowMs: number): Standing {
  const watched = watchedBy(setup, around);
  return {
    priority: effectivePriority(setup.basePriority, watched),
    faults: [
      ...interfaceFaults(setup, around, nowMs),
      ...virtualMacFaults(setup, around),
      ...watched.filter(isFault).map(faultOf),
    ],
    ...gateOf(setup, watched, around, nowMs),
  };
}

function isFault({ weight, isDown }: Watched): boolean {
  return weight === 0 && isDown;
}

function faultOf({ kind, name, reverse }: Watched): string {
  return `tracked ${kind} ${name} ${kind === 'file' ? 'exists' : reverse ? 'is up' : 'is down'}`;
}

/**
 * Managers of interfaces take addresses off and put them back when they configure an interface anew (systemd-networkd 252, each
 * time: 14 to 115 ms in virtual machines); an advertisement may be late for it, but nobody else should take over.
 */
const LOST_MS = 200;

/** When the loss of the instance's own address counts as a fault; null: it is there, or its loss counts already. */
export function lossCountsMs(setup: InstanceSetup, { interfaces }: Surroundings, nowMs: number): number | null {
  const { interface: name, source, advertIntervalMs } = setup;
  const lostMs = source === null ? undefined : interfaces[name]?.lostMs?.[source];
  // well before the others miss us
  const countsMs = (lostMs ?? Number.NEGATIVE_INFINITY) + Math.min(LOST_MS, 2 * advertIntervalMs);
  return nowMs < countsMs ? countsMs : null;
}

function interfaceFaults(setup: InstanceSetup, around: Surroundings, nowMs: number): string[] {
  const { interface: name, source } = setup;
  const facts = around.interfaces[name];
  if (facts === undefined) return [`interface ${name} is not there`];
  if (facts.upSinceMs === null) return [`interface ${name} is down`];
  if (source === null) return [`interface ${name} has no link-local IPv6 address`];
  if (facts.addresses.includes(source) || lossCountsMs(setup, around, nowMs) !== null) return [];
  return [`address ${source} is not on interface ${name}`];
}

/** Everything that the instance tracks, with its state. */
export function watchedBy({ track }: InstanceSetup, around: Surroundings): Watched[] {
  const links = Object.fromEntries(
    track.interfaces.map(({ name }): [string, TrackerState] => {
      const { upSinceMs = null } = around.interfaces[name] ?? {};
      return [name, upSinceMs === null ? 'down' : 'up'];
    }),
  );
  return [
    ...track.interfaces.map((one) => watched('interface', one, links)),
    ...track.scripts.map((one) => watched('script', one, around.scripts)),
    ...track.services.map((one) => watched('service', one, around.services)),
    ...track.files.map((one) => watched('file', one, around.files)),
  ];
}

/** An unknown tracker counts as up: before its first result nothing has failed, and a restart of the supervisor changes nothing. */
function watched(kind: TrackerKind, one: Tracker, states: Readonly<Record<string, TrackerState>>): Watched {
  const told = states[one.name] ?? 'unknown';
  const state = told === 'unknown' ? (one.start ?? 'unknown') : told;
  return { ...one, kind, state, isDown: state !== 'unknown' && (state === 'down') !== one.reverse };
}

/**
 * Ours: not MASTER before the link has been up for a while (spanning tree), and the first verdicts and results are in. Scripts and
 * files are waited for whatever their weight: a priority that is too high for a moment would pre-empt, and give back at once.
 */
function gateOf(
  setup: InstanceSetup,
  watched: readonly Watched[],
  around: Surroundings,
  nowMs: number,
): Pick<Standing, 'waitingFor' | 'opensAtMs'> {
  const { linkUpMs, verdicts } = setup.startAfter;
  const upSinceMs = around.interfaces[setup.interface]?.upSinceMs ?? null;
  if (upSinceMs !== null && nowMs < upSinceMs + linkUpMs)
    return { waitingFor: `interface ${setup.interface} up for ${linkUpMs} ms`, opensAtMs: upSinceMs + linkUpMs };
  const patienceEndsMs = around.startedAtMs + WAIT_FOR_VERDICTS_MS;
  if (nowMs >= patienceEndsMs) return { waitingFor: null, opensAtMs: null };
  const pending = watched.find(({ kind, state }) => (kind === 'script' || kind === 'file') && state === 'unknown');
  if (pending !== undefined)
    return { waitingFor: `the first result of ${pending.kind} ${pending.name}`, opensAtMs: patienceEndsMs };
  if (verdicts && !around.ready) return { waitingFor: 'the first verdicts of the checks', opensAtMs: patienceEndsMs };
  return { waitingFor: null, opensAtMs: null };
}

/** How long each interface is up, and which addresses it has lost since, carried over from before. */
export function upSince(
  before: Surroundings['interfaces'],
  after: Readonly<Record<string, InterfaceNow>>,
  nowMs: number,
): Record<string, InterfaceFacts> {
  return Object.fromEntries(
    Object.entries(after).map(([name, now]) => {
      const { up, ...rest } = now;
      const sinceMs = before[name]?.upSinceMs ?? null;
      const lostMs = up && sinceMs !== null ? lostSince(before[name], now, nowMs) : {};
      const upSinceMs = up ? (sinceMs ?? nowMs) : null;
      return [name, { upSinceMs, ...rest, ...(Object.keys(lostMs).length > 0 ? { lostMs } : {}) }];
    }),
  );
}

/** What is lost for long is forgotten. */
function lostSince(before: InterfaceFacts | undefined, { addresses }: InterfaceNow, nowMs: number) {
  const lost = (before?.addresses ?? []).map((address) => [address, nowMs] as const);
  const earlier = Object.entries(before?.lostMs ?? {}).filter(([, atMs]) => nowMs < atMs + LOST_MS);
  return Object.fromEntries([...lost, ...earlier].filter(([address]) => !addresses.some((one) => one === address)));
}

/**
 * Scripts of instances that were MASTER a moment ago, before this process: what they would start from says nothing against
 * that, and a restart must not move an address.
 */
export function wellTracked(setups: readonly InstanceSetup[]): Readonly<Record<string, TrackerState>> {
  const scripts = setups.flatMap(({ track }) => track.scripts).filter(({ start }) => start !== undefined);
  return Object.fromEntries(scripts.map(({ name, reverse }) => [name, reverse ? 'down' : 'up']));
}

/** A result once known stays until another is known: a supervisor that restarts says `unknown` at first. */
export function known(
  before: Readonly<Record<string, TrackerState>>,
  after: Readonly<Record<string, TrackerState>>,
): Readonly<Record<string, TrackerState>> {
  return Object.fromEntries(
    Object.entries(after).map(([name, state]) => [name, state === 'unknown' ? (before[name] ?? state) : state]),
  );
}
