/** Puts together what `GET /v1/state` tells. Pure. */

import type { DesiredService } from '../balancer/desired.ts';
import type { Override } from '../balancer/override.ts';
import { isReservedMark } from '../balancer/relay.ts';
import type { Config } from '../config/config.ts';
import { speechOf } from '../config/speech.ts';
import { dampedRise, isDamped } from '../health/damping.ts';
import { describeProbe, type ProbePlan, SORRY } from '../health/probe-plan.ts';
import type { Standing } from '../health/verdict.ts';
import { flappingAlarm } from '../status/flapping.ts';
import { hmacAlarms } from '../status/hmac.ts';
import { policyAlarms } from '../status/policy.ts';
import type {
  AgentState,
  CheckState,
  DestinationState,
  InstanceState,
  PolicyState,
  ServiceState,
} from '../status/state.ts';
import { strangerAlarms } from '../status/stranger.ts';
import { trackerAlarm } from '../status/tracker.ts';
import type { InstanceReport, TrackerKind } from '../vrrp/link.ts';
import { type DestinationEntry, destinationKey, type ServiceEntry, serviceKey } from '../wire/ipvs.ts';
import type { TableView } from './table-keeper.ts';
import type { Report } from './vrrp-link.ts';

export interface Known {
  readonly config: Config | null;
  readonly self: string;
  readonly desired: readonly DesiredService[];
  readonly table: TableView;
  readonly plan: ProbePlan;
  readonly standing: (key: string) => Standing | undefined;
  /** On the agent's monotonic clock. */
  readonly nowMs: number;
  /** Epoch ms of a time on the agent's monotonic clock. */
  readonly wallOf: (monotonicMs: number) => number;
  readonly policies: readonly PolicyState[];
  readonly waiting: readonly string[];
  readonly overrides: readonly Override[];
  readonly holds: NonNullable<AgentState['holds']>;
  readonly exchange: NonNullable<AgentState['exchange']>;
  readonly relays: NonNullable<AgentState['relays']>;
  readonly lent: NonNullable<AgentState['lent']>;
  readonly vrrp: { readonly alive: boolean; readonly report: Report | undefined };
  /** What there is to say of a tracker that is down, or null. */
  readonly problemOf: (kind: TrackerKind, name: string) => string | null;
  readonly alarms: readonly string[];
  readonly rest: Pick<AgentState, 'at' | 'release' | 'version' | 'startedAt'> & {
    readonly config: AgentState['config'];
  };
}

export function agentStateOf(known: Known): AgentState {
  const hidden = new Set(known.table.entries.filter(isHidden(known)).map(({ service }) => serviceKey(service.id)));
  const { at, release, version, startedAt, config } = known.rest;
  const checks = checksOf(known);
  const instances = (known.vrrp.report?.instances ?? []).map((one) => instanceState(one, known));
  return {
    schema: 1,
    cluster: known.config?.cluster ?? '',
    director: known.self,
    at,
    release,
    version,
    startedAt,
    config,
    vrrp: {
      alive: known.vrrp.alive,
      ...(known.vrrp.report?.release === undefined ? {} : { release: known.vrrp.report.release }),
      latenessMs: known.vrrp.report?.latenessMs ?? { last: 0, worst: 0 },
      instances,
    },
    ...(known.relays.length === 0 ? {} : { relays: known.relays }),
    ...(Object.keys(known.lent).length === 0 ? {} : { lent: known.lent }),
    ipvs: {
      inSync: known.table.errors.length === 0,
      error: known.table.errors[0] ?? null,
      leaving: known.table.leaving.filter((one) => !hidden.has(one.slice(one.indexOf(' of ') + ' of '.length))),
      services: servicesOf(known),
    },
    checks,
    policies: [...known.policies],
    ...(known.waiting.length === 0 ? {} : { waiting: [...known.waiting] }),
    overrides: [...known.overrides],
    holds: known.holds,
    exchange: known.exchange,
    alarms: [
      ...known.alarms,
      ...hmacAlarms(instances, at),
      ...known.policies.flatMap(policyAlarms),
      ...new Set(checks.flatMap(flappingAlarm)),
      ...new Set(instances.flatMap(alarmsOf)),
    ],
  };
}

function alarmsOf(instance: InstanceState): string[] {
  return [...instance.trackers.flatMap(trackerAlarm), ...strangerAlarms(instance)];
}

function instanceState(report: InstanceReport, { problemOf, config }: Known): InstanceState {
  const configured = config?.instances.find(({ name }) => name === report.name);
  const { vips, transitions = 0, trackers = [], owners = [], strangers = [] } = report;
  return {
    ...report,
    vips: [...vips],
    owners: [...owners],
    strangers: strangers.map((one) => ({ ...one, addresses: [...one.addresses] })),
    transitions,
    trackers: trackers.map((one) => ({ ...one, error: problemOf(one.kind, one.name) })),
    ...(configured === undefined ? {} : { speech: speechOf(configured) }),
  };
}

/** Our own means, by reserved marks; nothing that anybody serves. */
function isHidden({ config }: Known): (entry: ServiceEntry) => boolean {
  return ({ service: { id } }) => config !== null && id.kind === 'mark' && isReservedMark(config, id.mark);
}

function servicesOf(known: Known): ServiceState[] {
  const { desired, table, config } = known;
  const hidden = isHidden(known);
  const named = new Map(desired.map((one) => [serviceKey(one.service.id), one]));
  const realservers = new Map(
    config?.services.map(({ name, realservers: all }) => [name, new Map(all.map((one) => [one.address, one.name]))]),
  );
  return table.entries
    .filter((entry) => !hidden(entry))
    .map((entry) => {
      const service = named.get(serviceKey(entry.service.id));
      const names = service === undefined ? undefined : realservers.get(service.name);
      const order = new Map(service?.destinations.map((one, index) => [destinationKey(one), index]));
      // The kernel tells the newest first; people expect the order of the topology, what it does not know last.
      const placeOf = ({ destination }: DestinationEntry): number =>
        order.get(destinationKey(destination)) ?? order.size;
      const sorted = entry.destinations.toSorted((a, b) => placeOf(a) - placeOf(b));
      const destinations = sorted.map((one) => {
        const isKnown = order.has(destinationKey(one.destination)) && names !== undefined;
        return destinationState(one, isKnown ? (names.get(one.destination.address) ?? SORRY) : null);
      });
      return { name: service?.name ?? null, ...serviceFacts(entry), destinations };
    });
}

function serviceFacts({ service }: ServiceEntry): Omit<ServiceState, 'name' | 'destinations'> {
  const { id, scheduler, onePacket, schedulerFallback, schedulerPort, persistence } = service;
  const flags = [
    ...(onePacket ? ['ops'] : []),
    ...(schedulerFallback ? [`${scheduler}-fallback`] : []),
    ...(schedulerPort ? [`${scheduler}-port`] : []),
  ];
  const identity =
    id.kind === 'mark'
      ? { protocol: 'fwm' as const, address: '', port: 0, mark: id.mark }
      : { protocol: id.protocol, address: id.address, port: id.port, mark: null };
  return { ...identity, scheduler, flags, persistenceMs: persistence?.timeoutMs ?? 0 };
}

function destinationState(entry: DestinationEntry, name: string | null): DestinationState {
  const { address, port, forward, weight } = entry.destination;
  const { connections, inPackets, outPackets, inBytes, outBytes } = entry.stats;
  const { active, inactive, persistent } = entry;
  // "bypass" is made by the kernel for dh and sh without a destination; no table dump has shown one.
  const shown = forward === 'bypass' ? 'local' : forward;
  const counters = { active, inactive, persistent, connections, inPackets, outPackets, inBytes, outBytes };
  return { name, address, port, forward: shown, weight, ...counters };
}

function checksOf({ plan, standing, wallOf, nowMs }: Known): CheckState[] {
  return plan.judged.flatMap(({ service, realserver, probes }) =>
    probes.flatMap((key): CheckState[] => {
      const [spec, now] = [plan.probes.get(key), standing(key)];
      if (spec === undefined || now === undefined) return [];
      const { verdict, sinceMs, lastError, latencyMs, weight, falls } = now;
      const wanted = weight === null ? {} : { weight };
      const flapping = isDamped(now, nowMs) ? { flapping: { falls, rise: dampedRise(spec.timing, falls) } } : {};
      const [check, since] = [describeProbe(spec), wallOf(sinceMs)];
      return [{ service, realserver, check, verdict, since, lastError, latencyMs, ...wanted, ...flapping }];
    }),
  );
}
