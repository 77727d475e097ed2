/** Virtual services: groups expanded, marks chosen, defaults of schedulers and failures filled in. */
import { type Family, familyOf } from '../../wire/address.ts';
import type { RawTopology } from '../schema/topology.ts';
import type { CheckConfig, DestinationConfig, ServiceConfig, SorryConfig } from '../service.ts';
import { checkOf } from './check.ts';
import type { Resolving } from './context.ts';
import { marksOf } from './mark.ts';

export type RawService = RawTopology['services'][number][1];
type RawUse = NonNullable<RawService['realservers']>[number];

/** Lookups made once: a topology may have thousands of services. */
interface Known {
  readonly top: RawTopology;
  readonly realservers: ReadonlyMap<string, RawTopology['realservers'][number][1]>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** Where there is a sorry server, it has been said where clients go when nobody lives. */
const FAIL_OPEN_SHARE = 0.8;

export function servicesOf({ top }: Resolving): ServiceConfig[] {
  const marks = marksOf(top);
  const known: Known = { top, realservers: new Map(top.realservers), groups: new Map(top.groups) };
  return top.services.map(([name, raw]) => serviceOf(name, raw, marks.get(name) ?? null, known));
}

/** sh and mh can choose another realserver when theirs is gone (ip_vs_sh.c, ip_vs_mh.c); the other schedulers always do. */
export function takesFallback(scheduler: string): boolean {
  return scheduler === 'sh' || scheduler === 'mh';
}

function serviceOf(name: string, raw: RawService, mark: number | null, known: Known): ServiceConfig {
  const { scheduler } = raw;
  return {
    name,
    listen: raw.listen,
    mark,
    mode: raw.mode,
    tunnel: raw.tunnel,
    scheduler: scheduler.name,
    schedulerPort: scheduler.flags.includes('port'),
    schedulerFallback: takesFallback(scheduler.name) && (scheduler.fallback ?? true),
    onePacket: raw.one_packet,
    persistence: persistenceOf(raw),
    realservers: destinationsOf(raw, mark, known),
    start: raw.start,
    onFail: {
      // At weight 0 dh refuses the clients of that realserver: it has no fallback.
      action: raw.on_fail?.action ?? (scheduler.name === 'dh' ? 'remove' : 'quiesce'),
      afterMs: raw.on_fail?.after ?? 0,
    },
    slowStartMs: raw.slow_start,
    drain: { timeoutMs: raw.drain.timeout, persistent: raw.drain.persistent },
    quorum: {
      weight: raw.quorum.weight,
      hysteresis: raw.quorum.hysteresis,
      up: raw.quorum.up ?? null,
      down: raw.quorum.down ?? null,
      onStop: raw.quorum.on_stop,
    },
    failOpenShare: raw.fail_open?.share ?? (raw.sorry === undefined ? FAIL_OPEN_SHARE : 1),
    sorry: sorryOf(raw, known.top),
    notify: { up: raw.notify.up ?? null, down: raw.notify.down ?? null, user: raw.notify.user },
    onlyWhenMaster: raw.only_when_master,
  };
}

function persistenceOf(raw: RawService): ServiceConfig['persistence'] {
  const { persistence } = raw;
  if (persistence === undefined) return null;
  const whole = familyOfService(raw) === 6 ? 128 : 32;
  return { timeoutMs: persistence.timeout, netmask: persistence.netmask ?? whole };
}

/** Each realserver once: a later entry overrides what an earlier one said, key by key. */
function usesOf(raw: RawService, { top, groups }: Known): Map<string, RawUse> {
  const uses = new Map<string, RawUse>();
  for (const use of implied(raw, top)) {
    for (const member of groups.get(use.name) ?? [use.name]) {
      const before = uses.get(member);
      uses.set(member, before === undefined ? { ...use, name: member } : overridden(before, use));
    }
  }
  return uses;
}

function implied(raw: RawService, top: RawTopology): readonly RawUse[] {
  if (raw.realservers !== undefined) return raw.realservers;
  const nothing = { port: undefined, weight: undefined, upper_threshold: undefined, lower_threshold: undefined };
  return top.realservers
    .filter(([, { rip }]) => rip.some((address) => familyOf(address) === familyOfService(raw)))
    .map(([name]) => ({ name, ...nothing, checks: [] }));
}

function familyOfService({ listen: [first] }: RawService): Family {
  return first === undefined ? 4 : familyOf(first.address);
}

function overridden(before: RawUse, after: RawUse): RawUse {
  return {
    name: before.name,
    port: after.port ?? before.port,
    weight: after.weight ?? before.weight,
    upper_threshold: after.upper_threshold ?? before.upper_threshold,
    lower_threshold: after.lower_threshold ?? before.lower_threshold,
    checks: after.checks.length > 0 ? after.checks : before.checks,
  };
}

function destinationsOf(raw: RawService, mark: number | null, known: Known): DestinationConfig[] {
  const { top, realservers } = known;
  const markPort = portOfMark(raw, mark);
  return [...usesOf(raw, known).values()].flatMap((use) => {
    const realserver = realservers.get(use.name);
    // One that has no address of the family is told of elsewhere.
    const address = realserver?.rip.find((one) => familyOf(one) === familyOfService(raw)) ?? realserver?.rip[0];
    if (realserver === undefined || address === undefined) return [];
    return [
      {
        name: use.name,
        address,
        // A mark has no port of its own: 0 leaves each packet's port as it is.
        port: mark === null ? (use.port ?? null) : (use.port ?? 0),
        weight: use.weight ?? realserver.weight,
        upperThreshold: use.upper_threshold ?? 0,
        lowerThreshold: use.lower_threshold ?? 0,
        checks: [...raw.checks, ...use.checks].map((check) =>
          withPort(checkOf(check, top.check_defaults), use.port === undefined ? markPort : null),
        ),
      },
    ];
  });
}

/** Behind a mark a realserver has no port; when all listeners have one and the same, probes go there. */
function portOfMark({ listen }: RawService, mark: number | null): number | null {
  const [port, ...others] = new Set(listen.map((listener) => listener.port));
  return mark === null || port === undefined || port === 0 || others.length > 0 ? null : port;
}

function withPort(check: CheckConfig, port: number | null): CheckConfig {
  return port === null || check.target.port !== null ? check : { ...check, target: { ...check.target, port } };
}

function sorryOf(raw: RawService, top: RawTopology): SorryConfig | null {
  const { sorry } = raw;
  if (sorry === undefined) return null;
  if (sorry === 'local') return { kind: 'local' };
  return {
    kind: 'host',
    address: sorry.address,
    port: sorry.port ?? null,
    mode: sorry.mode ?? raw.mode,
    quiesce: sorry.quiesce,
    checks: sorry.checks.map((check) => checkOf(check, top.check_defaults)),
  };
}
