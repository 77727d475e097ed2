/** Which roles a failover moves, from whom to whom, or why it cannot be done. Pure. */
import type { Config } from '../config/config.ts';
import type { InstanceConfig } from '../config/instance.ts';
import type { AgentState, InstanceState } from '../status/state.ts';
import type { DirectorView } from '../status/table.ts';
import type { Address } from '../wire/address.ts';

export interface FailoverRequest {
  /** null: all that `to` or `back` mean, or the only one there is. */
  readonly instance: string | null;
  readonly to: string | null;
  readonly back: boolean;
}

/** Instances that move together. */
export interface Move {
  /** More than one: a sync group. */
  readonly instances: readonly string[];
  readonly from: string;
  readonly to: string;
  /** Directors that must not take it meanwhile. */
  readonly others: readonly string[];
  /** Listeners in DR or TUN: their connections are relayed until the successor knows them. */
  readonly relayed: readonly Address[];
  /** Listeners in NAT: a connection that the successor does not know is lost. */
  readonly translated: readonly Address[];
}

export interface FailoverPlan {
  readonly moves: readonly Move[];
  /** What is so already, one sentence each. */
  readonly notes: readonly string[];
}

/** Why it cannot be done, in one sentence. */
export class Unmovable extends Error {
  override name = 'Unmovable';
  readonly hints: readonly string[];
  /** What was asked for does not exist, rather than the cluster not being fit for it. */
  readonly isUsage: boolean;

  constructor(message: string, hints: readonly string[] = [], isUsage = false) {
    super(message);
    this.hints = hints;
    this.isUsage = isUsage;
  }
}

/** @throws Unmovable */
export function planFailover(config: Config, views: readonly DirectorView[], request: FailoverRequest): FailoverPlan {
  checkRequest(config, request);
  for (const { director, silence, foreign } of views) {
    if (silence !== null) throw silentDirector(director, silence);
    if (foreign !== undefined) throw unmanagedDirector(director, foreign.program);
  }
  const units = chosenUnits(config, request);
  const planned = units.map((unit) => planUnit(config, views, unit, request));
  return {
    moves: planned.flatMap((one) => (typeof one === 'string' ? [] : [one])),
    notes: planned.filter((one) => typeof one === 'string'),
  };
}

type Unit = readonly InstanceConfig[];

function silentDirector(director: string, silence: string): Unmovable {
  return new Unmovable(`${director} must be asked, too, and does not answer: ${silence}`, [
    'on the MASTER itself: lvs-agent ctl failover INSTANCE',
  ]);
}

function unmanagedDirector(director: string, program: string): Unmovable {
  return new Unmovable(`${director} still runs ${program}, which takes no orders`, [
    `lvsctl migrate ${director} puts lvs-agent in its place; until then, on the MASTER itself: lvs-agent ctl failover INSTANCE`,
  ]);
}

/**
 * What can be said without asking anybody.
 * @throws Unmovable
 */
export function checkRequest(config: Config, request: FailoverRequest): void {
  checkNames(config, request);
  chosenUnits(config, request);
}

function checkNames({ instances, directors }: Config, { instance, to }: FailoverRequest): void {
  if (instances.length === 0) throw new Unmovable('the topology has no VRRP instance', [], true);
  if (instance !== null && !instances.some(({ name }) => name === instance)) {
    const known = instances.map(({ name }) => name).join(', ');
    throw new Unmovable(`there is no instance ${instance}`, [`the topology has ${known}`], true);
  }
  if (to !== null && !directors.some(({ name }) => name === to)) {
    const known = directors.map(({ name }) => name).join(', ');
    throw new Unmovable(`there is no director ${to}`, [`the topology has ${known}`], true);
  }
}

/** Each instance with the rest of its sync group, in the order of the topology. */
function unitsOf({ instances, syncGroups }: Config): Unit[] {
  const groups = syncGroups.map(({ members }) => instances.filter(({ name }) => members.includes(name)));
  return instances.flatMap((instance) => {
    const unit = groups.find((group) => group.includes(instance)) ?? [instance];
    return unit[0] === instance ? [unit] : [];
  });
}

function chosenUnits(config: Config, { instance, to, back }: FailoverRequest): Unit[] {
  const units = unitsOf(config);
  if (instance !== null) return units.filter((unit) => unit.some(({ name }) => name === instance));
  if (back) return units;
  if (to !== null) return units.filter((unit) => unit.every((one) => takesPart(one, to)));
  if (units.length === 1) return units;
  const names = config.instances.map(({ name }) => name).join(', ');
  throw new Unmovable(`there are ${units.length} roles that could move: say which`, [`one of ${names}`], true);
}

function takesPart({ speakers }: InstanceConfig, director: string): boolean {
  return speakers.some((speaker) => speaker.director === director);
}

function mayTake(unit: Unit, director: string): boolean {
  return unit.some((one) => takesPart(one, director));
}

/** The move, or why none is needed. */
function planUnit(
  config: Config,
  views: readonly DirectorView[],
  unit: Unit,
  { to, back }: FailoverRequest,
): Move | string {
  const states = new Map(views.flatMap(({ director, state }) => (state === null ? [] : [[director, state] as const])));
  const names = unit.map(({ name }) => name);
  const from = masterOf(unit, states);
  const target = to ?? (back ? unit[0]?.speakers[0]?.director : undefined) ?? bestBackup(unit, states, from);
  if (target === from) return `${target} is MASTER of ${names.join(' and ')} already`;
  for (const instance of unit) checkSuccessor(instance, states, from, target);
  return {
    instances: names,
    from,
    to: target,
    others: [...states.keys()].filter((name) => name !== from && name !== target && mayTake(unit, name)),
    ...listenersOf(config, unit),
  };
}

function masterOf(unit: Unit, states: ReadonlyMap<string, AgentState>): string {
  const masters = unit.map(({ name }) =>
    [...states].filter(([, state]) => instanceOf(state, name)?.state === 'MASTER').map(([director]) => director),
  );
  for (const [index, found] of masters.entries()) {
    const name = unit[index]?.name ?? '';
    if (found.length === 0) throw new Unmovable(`${name} has no MASTER, so there is nothing to hand over`);
    if (found.length > 1)
      throw new Unmovable(`${name} has ${found.length} MASTERs: ${found.join(' and ')}`, [
        'they do not hear each other; check the network between them',
      ]);
  }
  const [one, ...more] = new Set(masters.flat());
  if (one === undefined || more.length > 0) {
    const names = unit.map(({ name }) => name).join(' and ');
    throw new Unmovable(`${names} are of one sync group and at different directors just now`, [
      'try again in a moment',
    ]);
  }
  return one;
}

/** The BACKUP with the highest priority of those that could take it, or the reason of the highest one. */
function bestBackup(unit: Unit, states: ReadonlyMap<string, AgentState>, from: string): string {
  const [first] = unit;
  const candidates = (first?.speakers ?? [])
    .map(({ director }) => director)
    .filter((director) => director !== from)
    .toSorted((a, b) => priorityOf(states, b, first?.name) - priorityOf(states, a, first?.name));
  const isFit = (director: string): boolean => unit.every((one) => whyNot(one, states, from, director) === null);
  const best = candidates.find(isFit) ?? candidates[0];
  if (best === undefined) throw new Unmovable(`no other director takes part in ${first?.name}`);
  return best;
}

function checkSuccessor(
  instance: InstanceConfig,
  states: ReadonlyMap<string, AgentState>,
  from: string,
  to: string,
): void {
  const why = whyNot(instance, states, from, to);
  if (why !== null) throw new Unmovable(`${to} cannot take ${instance.name}: ${why}`);
}

/** One clause, or null: it can. */
function whyNot(
  instance: InstanceConfig,
  states: ReadonlyMap<string, AgentState>,
  from: string,
  to: string,
): string | null {
  const [old, state] = [states.get(from), states.get(to)];
  if (!takesPart(instance, to)) return 'it takes no part in it';
  if (old === undefined || state === undefined) return 'its agent does not answer';
  if (!old.vrrp.alive) return `the VRRP process of ${from} does not answer`;
  if (!state.vrrp.alive) return 'its VRRP process does not answer';
  if (state.config.generation !== old.config.generation || state.config.hash !== old.config.hash)
    return `it has configuration ${state.config.generation}, ${from} has ${old.config.generation}; lvsctl apply mends that`;
  if (!state.ipvs.inSync)
    return `its IPVS table is not as it should be${state.ipvs.error ? `: ${state.ipvs.error}` : ''}`;
  const found = instanceOf(state, instance.name);
  if (found === undefined) return 'its agent does not know it';
  if (found.state !== 'BACKUP') return `it is ${found.state} (${found.cause})`;
  return found.waitingFor === null ? null : `it waits for ${found.waitingFor}`;
}

function listenersOf({ services }: Config, unit: Unit): Pick<Move, 'relayed' | 'translated'> {
  const vips = new Set(unit.flatMap((one) => [...one.vips, ...one.extraVips]).map(({ address }) => address));
  const ofMode = (isNat: boolean): Address[] => {
    const tcp = services
      .filter(({ mode }) => (mode === 'nat') === isNat)
      .flatMap(({ listen }) => listen.filter(({ protocol }) => protocol === 'tcp'));
    return [...new Set(tcp.map(({ address }) => address))].filter((address) => vips.has(address));
  };
  return { relayed: ofMode(false), translated: ofMode(true) };
}

function priorityOf(states: ReadonlyMap<string, AgentState>, director: string, name = ''): number {
  const state = states.get(director);
  return (state === undefined ? undefined : instanceOf(state, name)?.priority) ?? 0;
}

function instanceOf(state: AgentState, name: string): InstanceState | undefined {
  return state.vrrp.instances.find((one) => one.name === name);
}
