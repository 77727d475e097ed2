/**
 * The supervisor's half of the planned hand-over (src/vrrp/hand-over.ts). On the new MASTER: the relay to the old one, prepared
 * before the role is taken and ended in time. On the old one: the end of its time as a lame duck, when no connection is left.
 * Meanwhile the kernel lets the one take connections in the middle, and has the other tell of each that passes it.
 */
import { instanceConnections } from '../balancer/instance-connections.ts';
import {
  directorAt,
  isRelayed,
  type RelayOrder,
  type RelayTable,
  relayedConnections,
  relayTable,
} from '../balancer/relay.ts';
import { newStanding, type RelayNow, type RelayStanding, reasonToEnd, standingNow } from '../balancer/relay-end.ts';
import type { Config } from '../config/config.ts';
import type { Sysctls } from '../kernel/sysctls.ts';
import type { AgentState } from '../status/state.ts';
import type { FromVrrp, InstanceReport, ToVrrp } from '../vrrp/link.ts';
import { parseAddress } from '../wire/address.ts';
import type { ServiceEntry } from '../wire/ipvs.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { LentSysctls } from './lent-sysctls.ts';
import { relayOrdersShape } from './relay-shape.ts';
import { accept } from './shape.ts';

export interface HandOversOptions {
  readonly journal: Journal;
  readonly wall: () => number;
  readonly sysctls: Sysctls;
  /** Of relays.json and sysctls.json; gone after a reboot, as what they speak of. */
  readonly folder: string;
  readonly config: () => Config | null;
  /** This director's name. */
  readonly self: () => string;
  /** As the kernel had it at the last comparison. */
  readonly entries: () => readonly ServiceEntry[];
  /** Brings the kernel's table and marks in line, and waits for it. */
  readonly apply: (cause: string) => Promise<void>;
  /** What the VRRP process says of its instances; null: it does not answer. */
  readonly instances: () => readonly InstanceReport[] | null;
  readonly send: (message: ToVrrp) => void;
}

/** Neither opens connections in the middle nor tells of them: see relay.ts, and sync_threshold in ip_vs_sync.c. */
const WHILE_RELAYING = { 'net.ipv4.vs.sloppy_tcp': '1', 'net.ipv4.vs.sync_persist_mode': '1' };
/** Every packet of a connection tells the others of it; only relayed ones come here. */
const WHILE_LAME = { 'net.ipv4.vs.sync_threshold': '0 1' };

export class HandOvers {
  readonly #options: HandOversOptions;
  readonly #path: string;
  readonly #lent: LentSysctls;
  #relays: readonly RelayStanding[];
  /** Instances that were lame ducks at the last comparison. */
  #lame: ReadonlySet<string> = new Set();

  constructor(options: HandOversOptions) {
    this.#options = options;
    this.#path = `${options.folder}/relays.json`;
    this.#lent = new LentSysctls(options.sysctls, options.journal, `${options.folder}/sysctls.json`);
    this.#relays = readOrders(this.#path, options.journal).map(newStanding);
  }

  /** What the kernel shall have for them. */
  get table(): RelayTable {
    const config = this.#options.config();
    return config === null ? { services: [], markings: [] } : relayTable(config, this.#orders);
  }

  get lent(): NonNullable<AgentState['lent']> {
    return this.#lent.all;
  }

  get state(): NonNullable<AgentState['relays']> {
    const [config, entries] = [this.#options.config(), this.#options.entries()];
    return this.#orders.map((order) => ({
      ...order,
      connections: config === null ? 0 : relayedConnections(config, order, entries),
    }));
  }

  tell({ instance, outcome, cause }: Extract<FromVrrp, { type: 'hand-over' }>): void {
    const { journal } = this.#options;
    if (outcome === 'begun') journal.record('notice', 'vrrp', `${instance} is handed over (${cause})`, { instance });
    else journal.record('warning', 'vrrp', `${instance} is still MASTER here: ${cause}`, { instance });
  }

  /** The VRRP process is about to take over from `to`, and waits to hear that it may. */
  async prepare(instance: string, to: string): Promise<void> {
    const { journal, config, apply, send } = this.#options;
    const order = this.#orderFor(instance, to);
    const now = config();
    if (now !== null && order !== undefined && isRelayed(now, order)) {
      this.#keep([...this.#relays.filter((one) => one.order.instance !== instance), newStanding(order)]);
      this.#settleSysctls(this.#options.instances() ?? []);
      await apply(`${instance} is taken over from ${to}`);
      journal.note('info', 'vrrp', `connections of ${instance} that are not known here are relayed to ${to}`, {
        instance,
        to,
      });
    }
    send({ type: 'relay-ready', instance });
  }

  #orderFor(instance: string, to: string): RelayOrder | undefined {
    const { wall, config: configOf, self } = this.#options;
    const [config, address] = [configOf(), parseAddress(to)];
    if (config === null || address === undefined) return undefined;
    const director = directorAt(config, self(), instance, address);
    return director === undefined ? undefined : { instance, director, to: address, since: wall() };
  }

  /** @returns how many relays of that instance were ended. */
  async end(instance: string, why: string): Promise<number> {
    const gone = this.#relays.filter(({ order }) => order.instance === instance);
    if (gone.length > 0) await this.#end(gone, () => why);
    return gone.length;
  }

  /** After every comparison with the kernel. */
  check(): void {
    const instances = this.#options.instances();
    this.#endRelays(instances);
    if (instances === null) return;
    this.#endLameDucks(instances);
    this.#settleSysctls(instances);
  }

  /** It ends at once: two directors that relay to each other would send a packet to and fro. */
  onTransition(instance: string, to: string): void {
    const isThis = ({ order }: RelayStanding): boolean => order.instance === instance;
    if (to === 'MASTER') this.#relays = this.#relays.map((one) => (isThis(one) ? { ...one, wasMaster: true } : one));
    else if (this.#relays.some((one) => isThis(one) && one.wasMaster)) void this.end(instance, `${instance} is ${to}`);
  }

  get #orders(): readonly RelayOrder[] {
    return this.#relays.map(({ order }) => order);
  }

  #endRelays(instances: readonly InstanceReport[] | null): void {
    const config = this.#options.config();
    if (config === null || this.#relays.length === 0) return;
    const now = new Map(this.#relays.map((one) => [one, this.#now(config, one, instances)]));
    const reasons = new Map<RelayOrder, string>();
    this.#relays = [...now].map(([before, circumstances]) => {
      const standing = standingNow(before, circumstances);
      const reason = reasonToEnd(standing, circumstances);
      if (reason !== null) reasons.set(standing.order, reason);
      return standing;
    });
    const gone = this.#relays.filter(({ order }) => reasons.has(order));
    if (gone.length > 0) void this.#end(gone, ({ order }) => reasons.get(order) ?? '');
  }

  #now(config: Config, { order }: RelayStanding, instances: readonly InstanceReport[] | null): RelayNow {
    const report = instances?.find(({ name }) => name === order.instance);
    return {
      wall: this.#options.wall(),
      isMaster: instances === null ? undefined : report?.state === 'MASTER',
      connections: relayedConnections(config, order, this.#options.entries()),
      syncs: syncs(config),
      advertIntervalMs: report?.advertIntervalMs ?? 0,
    };
  }

  async #end(gone: readonly RelayStanding[], why: (one: RelayStanding) => string): Promise<void> {
    this.#keep(this.#relays.filter((one) => !gone.includes(one)));
    this.#settleSysctls(this.#options.instances() ?? []);
    for (const one of gone) {
      const { instance, to } = one.order;
      this.#options.journal.note('info', 'vrrp', `the relay of ${instance} to ${to} has ended: ${why(one)}`, {
        instance,
        to,
      });
    }
    await this.#options.apply('a relay has ended');
  }

  /** Seen twice: the first comparison may have read the table before the role was given away. */
  #endLameDucks(instances: readonly InstanceReport[]): void {
    const { send } = this.#options;
    const lame = instances.flatMap(({ name, lameDuckUntil }) => (lameDuckUntil === undefined ? [] : [name]));
    for (const name of lame)
      if (this.#isIdle(name) && this.#lame.has(name)) send({ type: 'end-lame-duck', instance: name });
    this.#lame = new Set(lame);
  }

  #isIdle(instance: string): boolean {
    const config = this.#options.config();
    return config !== null && instanceConnections(config, instance, this.#options.entries()) === 0;
  }

  /** What is MASTER of something else here has connections of its own, too many to tell of with every packet. */
  #settleSysctls(instances: readonly InstanceReport[]): void {
    const config = this.#options.config();
    const isLame = instances.some(({ name, lameDuckUntil }) => lameDuckUntil !== undefined && !this.#isIdle(name));
    const isMaster = instances.some(({ state }) => state === 'MASTER');
    this.#lent.settle({
      ...(this.#relays.length > 0 ? WHILE_RELAYING : {}),
      ...(isLame && !isMaster && config !== null && syncs(config) ? WHILE_LAME : {}),
    });
  }

  #keep(relays: readonly RelayStanding[]): void {
    this.#relays = relays;
    try {
      writeJson(this.#path, this.#orders);
    } catch (error) {
      this.#options.journal.note('error', 'agent', `${this.#path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function syncs({ sync, directors }: Config): boolean {
  return sync.enabled && directors.length > 1;
}

function readOrders(path: string, journal: Journal): readonly RelayOrder[] {
  try {
    return accept(relayOrdersShape, readJson(path) ?? [], 'relays');
  } catch (error) {
    journal.note('error', 'agent', `${path} is not readable and was passed over: ${(error as Error).message}`);
    return [];
  }
}
