/** Which realservers a drain means, in which services, what speaks against it, and what the agents are told. Pure. */
import type { Config } from '../config/config.ts';
import { objectionsTo } from '../config/drain-policy.ts';
import type { ServiceConfig } from '../config/service.ts';
import { closest } from '../config/suggest.ts';
import { drainOf, servingIn } from '../status/drain.ts';
import type { AgentState } from '../status/state.ts';

export interface DrainRequest {
  /** Realservers, groups, or patterns with * and ?. */
  readonly names: readonly string[];
  /** null: all that they serve. */
  readonly services: readonly string[] | null;
}

/** A realserver, and the services in which it gets weight 0 or its weight back. */
export interface Subject {
  readonly realserver: string;
  readonly services: readonly string[];
  /** Every service, also one that it will serve later. */
  readonly isWhole: boolean;
}

/** What was asked for does not exist: one sentence each. */
export class UnknownNames extends Error {
  override name = 'UnknownNames';
  readonly hints: readonly string[];

  constructor(problems: readonly string[], hints: readonly string[]) {
    super(problems.join('; '));
    this.hints = hints;
  }
}

/**
 * What can be said without asking anybody.
 * @throws UnknownNames with all of them
 */
export function subjectsOf(config: Config, { names, services }: DrainRequest): Subject[] {
  const known = config.services.map(({ name }) => name);
  const strangers = (services ?? []).filter((one) => !known.includes(one));
  const meant = names.map((name) => ({ name, realservers: realserversOf(config, name) }));
  const problems = [
    ...strangers.map((one) => `there is no service ${one}${guess(one, known)}`),
    ...meant.flatMap(({ name, realservers }) => (realservers.length === 0 ? unknownName(config, name) : [])),
  ];
  if (problems.length > 0) throw new UnknownNames(problems, [topologyHas(config, strangers.length > 0)]);
  const isWhole = services === null;
  const subjects = new Map<string, Subject>();
  for (const { name, realservers } of meant) {
    const found = realservers
      .map((realserver) => ({ realserver, services: servicesOf(config, realserver, services), isWhole }))
      .filter((one) => one.services.length > 0);
    if (found.length === 0) problems.push(`${services?.join(' and ') ?? 'no service'} has ${one(services)} ${name}`);
    for (const subject of found) subjects.set(subject.realserver, subject);
  }
  if (problems.length > 0) throw new UnknownNames(problems, [topologyHas(config, true)]);
  return [...subjects.values()];
}

function one(services: DrainRequest['services']): string {
  return services === null ? 'a realserver' : 'no realserver';
}

function realserversOf({ realservers }: Config, name: string): string[] {
  if (/[*?]/.test(name)) {
    const pattern = name
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return realservers.filter((each) => new RegExp(`^${pattern}$`).test(each.name)).map((each) => each.name);
  }
  return realservers.filter((each) => each.name === name || each.groups.includes(name)).map((each) => each.name);
}

function servicesOf(config: Config, realserver: string, services: DrainRequest['services']): string[] {
  return config.services
    .filter(({ name }) => services === null || services.includes(name))
    .filter(({ realservers }) => realservers.some(({ name }) => name === realserver))
    .map(({ name }) => name);
}

function unknownName(config: Config, name: string): string[] {
  if (/[*?]/.test(name)) return [`no realserver is called ${name}`];
  return [`there is no realserver or group ${name}${guess(name, namesIn(config))}`];
}

function namesIn({ realservers }: Config): string[] {
  return [...new Set(realservers.flatMap(({ name, groups }) => [name, ...groups]))];
}

function guess(written: string, known: readonly string[]): string {
  const found = closest(written, known);
  return found === null ? '' : `; did you mean ${found}?`;
}

const LISTED = 20;

function topologyHas(config: Config, alsoServices: boolean): string {
  const names = namesIn(config);
  const more = names.length > LISTED ? `, and ${names.length - LISTED} more` : '';
  const services = alsoServices ? `; services ${config.services.map(({ name }) => name).join(', ')}` : '';
  return `the topology has ${names.slice(0, LISTED).join(', ')}${more}${services}`;
}

/** What speaks against it at the directors that answer, each once; at which, when not at all of them. */
export function objectionsAt(config: Config, states: readonly AgentState[], subjects: readonly Subject[]): string[] {
  const at = new Map<string, string[]>();
  for (const state of states) {
    for (const service of config.services) {
      // Who is drained there already is refused no more clients than before.
      const leaving = new Set(
        subjects
          .filter(leaves(service))
          .map(({ realserver }) => realserver)
          .filter((realserver) => drainOf(state, realserver, service.name) === undefined),
      );
      for (const found of objectionsTo(service, leaving, servingIn(state, service.name)))
        at.set(found, [...(at.get(found) ?? []), state.director]);
    }
  }
  return [...at].map(([found, directors]) =>
    directors.length === states.length ? found : `at ${directors.join(' and ')} ${found}`,
  );
}

function leaves({ name }: ServiceConfig): (subject: Subject) => boolean {
  return ({ services }) => services.includes(name);
}

/** What the topology's own settings do to the promise that nothing new arrives, one sentence each. */
export function cautionsOf({ services, ipvs }: Config, subjects: readonly Subject[]): string[] {
  const mode = ipvs.sysctl['conn_reuse_mode'] ?? '1';
  const reusing = services.filter((one) => one.mode !== 'nat' && subjects.some(leaves(one)));
  if (reusing.length === 0 || mode === '3') return [];
  const names = reusing.map(({ name }) => name).join(' and ');
  return [
    `net.ipv4.vs.conn_reuse_mode is ${mode} in this topology: clients of ${names} that use a source port again within two minutes still get to a drained realserver`,
  ];
}

/** The longest of the services' `drain.timeout`. */
export function timeoutOf({ services }: Config, subjects: readonly Subject[]): number {
  return Math.max(...services.filter((one) => subjects.some(leaves(one))).map(({ drain }) => drain.timeoutMs));
}

/** Names of the services whose persistent clients are waited for (`drain.persistent: wait`). */
export function persistentIn({ services }: Config): Set<string> {
  const waiting = services.filter(({ persistence, drain }) => persistence !== null && drain.persistent === 'wait');
  return new Set(waiting.map(({ name }) => name));
}

/** The body of POST /v1/drain, but for the owner. */
export interface DrainOrder {
  readonly realservers: readonly string[];
  readonly services: readonly string[] | null;
  readonly reason: string | null;
  /** Epoch ms by the directors' clocks; null: until it is taken back. */
  readonly until: number | null;
}

export interface Wish {
  /** null: none was given. */
  readonly reason: string | null;
  /** null: none was given. */
  readonly forMs: number | null;
}

/**
 * What has to be told; nothing where it is drained at every director already and nothing new is said of it, so that who has
 * done it and until when stays as it is.
 */
export function ordersFor(states: readonly AgentState[], subjects: readonly Subject[], wish: Wish): DrainOrder[] {
  const nowMs = Math.max(0, ...states.map(({ at }) => at));
  const orders = subjects.flatMap((subject) => {
    const known = states.flatMap((state) => sameDrain(state, subject) ?? []);
    const isNew = wish.reason !== null || wish.forMs !== null || known.length < states.length;
    if (!isNew) return [];
    const newest = known.toSorted((a, b) => b.since - a.since)[0];
    return {
      realserver: subject.realserver,
      services: subject.isWhole ? null : subject.services,
      reason: wish.reason ?? newest?.reason ?? null,
      until: wish.forMs === null ? (newest?.until ?? null) : nowMs + wish.forMs,
    };
  });
  const alike = Map.groupBy(orders, ({ services, reason, until }) => JSON.stringify([services, reason, until]));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { services, reason, until } = first;
    return [{ realservers: group.map(({ realserver }) => realserver), services, reason, until }];
  });
}

/** Said of just these services, or of all. */
function sameDrain(state: AgentState, { realserver, services, isWhole }: Subject) {
  const found = services.map((service) => drainOf(state, realserver, service));
  const fits = found.every((one) => one !== undefined && (one.service === null) === isWhole);
  return fits ? found[0] : undefined;
}

/** What an undrain has to say, of which realservers, and why it cannot give some of them their weight back. */
export function undrainable(
  states: readonly AgentState[],
  subjects: readonly Subject[],
): { readonly drained: Subject[]; readonly idle: Subject[]; readonly whole: Subject[] } {
  const overridesOf = ({ realserver, services, isWhole }: Subject) =>
    states
      .flatMap(({ overrides }) => overrides)
      .filter((one) => one.realserver === realserver)
      .filter((one) => isWhole || one.service === null || services.includes(one.service));
  const whole = subjects.filter((one) => !one.isWhole && overridesOf(one).some(({ service }) => service === null));
  const idle = subjects.filter((one) => overridesOf(one).length === 0);
  return { drained: subjects.filter((one) => !whole.includes(one) && !idle.includes(one)), idle, whole };
}
