/** What an instance watches, turned into its priority, its faults and whether it may become MASTER yet. */
import type { Address } from '../wire/address.ts';
import type { InstanceSetup, Tracker } from './instance.ts';
import { WAIT_FOR_VERDICTS_MS } from './intervals.ts';
import type { TrackerState } from './link.ts';

/** One interface as far as VRRP cares. */
export interface InterfaceFacts {
  /** Up and with a carrier since, monotonic ms; null: down or not there. */
  readonly upSinceMs: number | null;
  readonly addresses: readonly Address[];
}

/** An interface as the kernel has it now; how long it is up is kept here. */
export interface InterfaceNow {
  readonly up: boolean;
  readonly addresses: readonly Address[];
}

/** Everything that is watched, by name. */
export interface Surroundings {
  readonly interfaces: Readonly<Record<string, InterfaceFacts>>;
  readonly scripts: Readonly<Record<string, TrackerState>>;
  readonly services: Readonly<Record<string, TrackerState>>;
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

type Watched = Tracker & { readonly kind: 'interface' | 'script' | 'service'; readonly state: TrackerState };

export function standingOf(setup: InstanceSetup, around: Surroundings, nowMs: number): Standing {
  const watched = watchedBy(setup, around);
  return {
    priority: priorityOf(setup.basePriority, watched),
    faults: [...interfaceFaults(setup, around), ...watched.filter(isFault).map(faultOf)],
    ...gateOf(setup, watched, around, nowMs),
  };
}

/** An unknown tracker counts as up: before its first result nothing has failed, and a restart of the supervisor changes nothing. */
function isDown({ state, reverse }: Watched): boolean {
  return state !== 'unknown' && (state === 'down') !== reverse;
}

/** keepalived's rule: a positive weight is added while up, a negative one while down; the owner's 255 is fixed, others stay within 1–254. */
function priorityOf(base: number, watched: readonly Watched[]): number {
  if (base === 255) return base;
  const sum = watched.reduce((total, one) => total + (isDown(one) === one.weight < 0 ? one.weight : 0), base);
  return Math.min(254, Math.max(1, sum));
}

function isFault(one: Watched): boolean {
  return one.weight === 0 && isDown(one);
}

function faultOf({ kind, name, reverse }: Watched): string {
  return `tracked ${kind} ${name} is ${reverse ? 'up' : 'down'}`;
}

function interfaceFaults({ interface: name, source }: InstanceSetup, { interfaces }: Surroundings): string[] {
  const facts = interfaces[name];
  if (facts === undefined) return [`interface ${name} is not there`];
  if (facts.upSinceMs === null) return [`interface ${name} is down`];
  return facts.addresses.includes(source) ? [] : [`address ${source} is not on interface ${name}`];
}

function watchedBy(setup: InstanceSetup, around: Surroundings): Watched[] {
  const { interfaces, scripts, services } = setup.track;
  const linkState = (name: string): TrackerState =>
    (around.interfaces[name]?.upSinceMs ?? null) === null ? 'down' : 'up';
  return [
    ...interfaces.map((one) => ({ ...one, kind: 'interface' as const, state: linkState(one.name) })),
    ...scripts.map((one) => ({ ...one, kind: 'script' as const, state: around.scripts[one.name] ?? 'unknown' })),
    ...services.map((one) => ({ ...one, kind: 'service' as const, state: around.services[one.name] ?? 'unknown' })),
  ];
}

/** Ours: not MASTER before the link has been up for a while (spanning tree), and the first verdicts and results are in. */
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
  const pending = watched.find(({ kind, weight, state }) => kind === 'script' && weight === 0 && state === 'unknown');
  if (pending !== undefined)
    return { waitingFor: `the first result of script ${pending.name}`, opensAtMs: patienceEndsMs };
  if (verdicts && !around.ready) return { waitingFor: 'the first verdicts of the checks', opensAtMs: patienceEndsMs };
  return { waitingFor: null, opensAtMs: null };
}

/** How long each interface is up, carried over from before. */
export function upSince(
  before: Surroundings['interfaces'],
  after: Readonly<Record<string, InterfaceNow>>,
  nowMs: number,
): Record<string, InterfaceFacts> {
  return Object.fromEntries(
    Object.entries(after).map(([name, { up, addresses }]) => [
      name,
      { upSinceMs: up ? (before[name]?.upSinceMs ?? nowMs) : null, addresses },
    ]),
  );
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
