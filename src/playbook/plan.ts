/** From wanted and read to what would change on each host: pure, the first half of an apply. */
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import { type Decision, decide } from '../operations/all.ts';
import { connectionTableWarnings } from '../operations/connection-table.ts';
import { faultWarnings } from '../operations/faults.ts';
import { runsKeepalived } from '../operations/keepalived.ts';
import type { Context } from '../operations/operation.ts';
import { problemsOf } from '../operations/preconditions.ts';
import type { ReleaseNames } from '../operations/release.ts';
import { warningsOf } from '../operations/rivals.ts';
import { unpreparedFor } from '../operations/unprepared.ts';
import { clockProblems } from './clocks.ts';
import type { Reading } from './cluster.ts';
import type { HostFailure } from './failure.ts';
import { type Pin, pinChanges, pinProblems } from './pins.ts';

export interface HostPlan {
  readonly host: string;
  readonly role: 'director' | 'realserver';
  readonly changes: Decision['changes'];
  /** Operation → why it has nothing to do. */
  readonly reasons: Decision['reasons'];
  /** What stands in the way: nothing is done on any host while there is one. */
  readonly problems: readonly string[];
  /** What an operator should know; nothing waits for it. */
  readonly warnings: readonly string[];
  /** A director on which keepalived still runs: lvsctl does not touch it before it is migrated. */
  readonly unmanaged: boolean;
  /** Not null: the host could not be read. */
  readonly failure: HostFailure | null;
}

export type Firewall = 'manage' | 'check' | 'ignore';

/** What all hosts share: the release differs by the hosts' architecture, `problem` says why there is none for it. */
export interface Shared {
  readonly digest: Context['digest'];
  readonly configHash: string;
  readonly generation: number;
  readonly exchange: Context['exchange'];
  readonly pins: readonly Pin[];
  readonly firewall: Firewall;
  readonly releases: Readonly<Record<'x64' | 'arm64', ReleaseNames | { readonly problem: string }>>;
}

export function planHosts(readings: readonly Reading[], shared: Shared): HostPlan[] {
  const directors = readings.flatMap((reading) =>
    'facts' in reading && reading.target.wanted.director ? [reading.facts] : [],
  );
  const clocks = clockProblems(readings);
  return readings.map((reading) =>
    'failure' in reading ? planUnread(reading, directors) : planHost(reading, shared, clocks),
  );
}

function planUnread(
  { target, failure }: Extract<Reading, { failure: unknown }>,
  directors: readonly HostFacts[],
): HostPlan {
  const { wanted } = target;
  const services = unpreparedFor(wanted, directors);
  const problems =
    services.length === 0
      ? []
      : [
          `the directors would send it requests of ${services.join(', ')}, for which it is not prepared, so nothing is applied; bring it back, or give it weight 0 until it is.`,
        ];
  return {
    host: wanted.host,
    role: roleOf(wanted),
    changes: [],
    reasons: {},
    problems,
    warnings: [],
    unmanaged: false,
    failure,
  };
}

function roleOf({ director }: Wanted): HostPlan['role'] {
  return director ? 'director' : 'realserver';
}

function planHost(
  reading: Extract<Reading, { facts: unknown }>,
  shared: Shared,
  clocks: ReadonlyMap<string, string>,
): HostPlan {
  const { wanted } = reading.target;
  const { changes, reasons } = decide(wanted, reading.facts, contextFor(reading.facts, shared));
  const problems = [
    ...problemsOf(wanted, reading.facts, shared.firewall),
    ...releaseProblem(wanted, reading.facts, shared),
    ...(wanted.director ? pinProblems(shared.pins) : []),
    ...[clocks.get(wanted.host) ?? []].flat(),
  ];
  const warnings = [warningsOf, faultWarnings, connectionTableWarnings].flatMap((of) => of(wanted, reading.facts));
  const unmanaged = wanted.director !== null && runsKeepalived(reading.facts);
  const marked = [...pinChanges(shared.pins, reading), ...changes];
  return {
    host: wanted.host,
    role: roleOf(wanted),
    changes: marked,
    reasons,
    problems,
    warnings,
    unmanaged,
    failure: null,
  };
}

export function contextFor({ system }: HostFacts, shared: Shared): Context {
  const { digest, configHash, generation, exchange, pins, releases } = shared;
  const release = releases[system.architecture ?? 'x64'];
  const names = 'hash' in release ? release : null;
  return {
    digest,
    configHash,
    generation,
    exchange,
    pinned: pins.length > 0,
    release: names?.hash ?? null,
    vrrpParts: names?.vrrpParts ?? null,
  };
}

function releaseProblem(wanted: Wanted, { system }: HostFacts, { releases }: Shared): string[] {
  if (wanted.director === null || system.architecture === null) return [];
  const release = releases[system.architecture];
  return 'problem' in release ? [release.problem] : [];
}

/**
 * The generation of a configuration: the newest one that any director has, if that is this configuration, else one more: an
 * agent takes nothing older than what it has, and one that went back to an earlier topology has it under a new number.
 * Counting up from what the hosts say needs no state here. Where a director cannot say, the clock counts (seconds since 1970):
 * whatever that one has is older, and must not be taken for newer when it comes back.
 * @param directors how many the topology has, whoever was asked
 */
export function generationFor(
  readings: readonly Reading[],
  configHash: string,
  directors: number,
  nowSeconds: number,
): number {
  const known = readings.flatMap((reading) =>
    'facts' in reading && reading.facts.agent?.state ? [reading.facts.agent.state.config] : [],
  );
  const newest = Math.max(0, ...known.map(({ generation }) => generation));
  const isThis = known.some(({ generation, hash }) => generation === newest && hash === configHash);
  if (isThis) return newest;
  const isWhole = readings.filter(says).length >= directors;
  return isWhole ? newest + 1 : Math.max(newest + 1, nowSeconds);
}

/** A director whose generation is known: its agent answers, or none was ever there. */
function says(reading: Reading): boolean {
  if (!('facts' in reading) || reading.target.wanted.director === null) return false;
  const { agent } = reading.facts;
  return agent === null || agent.state !== null || agent.current === null;
}
