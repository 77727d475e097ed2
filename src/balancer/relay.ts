/**
 * The relay of a planned hand-over: for a while the new MASTER sends packets of TCP connections that it does not know to the
 * director that had the addresses before, which knows them and has the addresses on its loopback. A firewall mark tells such
 * packets (those that open no connection) and a kernel service on that mark has the other director as its only destination;
 * connections that are in the table never look at the mark. DR and TUN only: in NAT the answers pass the moved gateway.
 *
 * The service is persistent so that with `net.ipv4.vs.sync_persist_mode` 1 connection sync tells nobody of the relayed
 * connections (net/netfilter/ipvs/ip_vs_sync.c, in_persistence): told to the director that they are relayed to, they would
 * overwrite its own entries, which name the realservers.
 */
import type { Config, DirectorConfig, VipConfig } from '../config/config.ts';
import { reservedMarks } from '../config/in-path.ts';
import type { InstanceConfig } from '../config/instance.ts';
import type { Listener } from '../config/service.ts';
import { type Address, commonPrefixLength, type Family, familyOf, hostPrefix } from '../wire/address.ts';
import { type ServiceEntry, type ServiceId, serviceKey } from '../wire/ipvs.ts';
import type { DesiredService } from './desired.ts';
import type { Marking } from './marking.ts';

/** One instance that was taken over from a director that still serves. */
export interface RelayOrder {
  readonly instance: string;
  /** The other one. */
  readonly director: string;
  /** Its source of advertisements. */
  readonly to: Address;
  /** Epoch ms. */
  readonly since: number;
}

export interface RelayTable {
  readonly services: readonly DesiredService[];
  /** To be matched after all others, so that they win. */
  readonly markings: readonly Marking[];
}

interface Route {
  readonly listener: Listener;
  readonly destination: Address;
  readonly mark: number;
}

/** Whose advertisements come from there; of link-local addresses it is only known that they are no foreign speaker's. */
export function directorAt(config: Config, self: string, name: string, source: Address): string | undefined {
  const { speakers = [], foreignPeers = [] } = config.instances.find((one) => one.name === name) ?? {};
  const others = speakers.filter(({ director }) => director !== self);
  const unnamed = foreignPeers.includes(source) ? [] : others.filter((one) => one.source === null);
  const [found, ...more] = [...others.filter((one) => one.source === source), ...unnamed];
  return more.length > 0 && found?.source !== source ? undefined : found?.director;
}

export function relayTable(config: Config, orders: readonly RelayOrder[]): RelayTable {
  const routes = orders.flatMap((order) => routesOf(config, order));
  // one service a director and family: where its VIPs are on several networks, all packets go by the first
  const services = Map.groupBy(routes, (route) => serviceKey(idOf(route))).values();
  return {
    services: [...services].flatMap(([first]) => (first === undefined ? [] : [serviceOf(first)])),
    markings: routes.map(({ listener: { address, port }, mark }) => ({
      ...{ address, port, mark, protocol: 'tcp' as const },
      midstream: true,
    })),
  };
}

/** Whether there is anything to relay for this order. */
export function isRelayed(config: Config, order: RelayOrder): boolean {
  return routesOf(config, order).length > 0;
}

/** Connections that are relayed now. */
export function relayedConnections(config: Config, order: RelayOrder, entries: readonly ServiceEntry[]): number {
  const keys = new Set(routesOf(config, order).map((route) => serviceKey(idOf(route))));
  return entries
    .filter(({ service }) => keys.has(serviceKey(service.id)))
    .flatMap(({ destinations }) => destinations)
    .reduce((sum, { active }) => sum + active, 0);
}

/** Marks that are nobody's but the agent's. */
export function isReservedMark({ ipvs }: Config, mark: number): boolean {
  const { first, last } = reservedMarks(ipvs);
  return mark >= first && mark <= last;
}

/** A director has always the same mark, from the end of the reserved range, so that one relay's end does not touch another. */
function markFor({ ipvs, directors }: Config, director: DirectorConfig): number {
  const { first, last } = reservedMarks(ipvs);
  return Math.max(first, last - directors.indexOf(director));
}

function routesOf(config: Config, order: RelayOrder): Route[] {
  const instance = config.instances.find(({ name }) => name === order.instance);
  const director = config.directors.find(({ name }) => name === order.director);
  if (instance === undefined || director === undefined) return [];
  const mark = markFor(config, director);
  return relayedListeners(config, instance).flatMap(({ listener, vip }) => {
    const destination = dipFor(director, vip);
    return destination === undefined ? [] : [{ listener, destination, mark }];
  });
}

function relayedListeners(config: Config, { vips, extraVips }: InstanceConfig) {
  return config.services
    .filter(({ mode }) => mode !== 'nat')
    .flatMap(({ listen }) => listen)
    .filter(({ protocol }) => protocol === 'tcp')
    .flatMap((listener) => {
      const vip = [...vips, ...extraVips].find(({ address }) => address === listener.address);
      return vip === undefined ? [] : [{ listener, vip }];
    });
}

/** The director's address on the VIP's network, as far as addresses tell; there its strict reverse-path filter expects clients. */
function dipFor({ dips }: DirectorConfig, vip: VipConfig): Address | undefined {
  const sameFamily = dips.filter(({ address }) => familyOf(address) === familyOf(vip.address));
  const named = sameFamily.filter((dip) => dip.interface === vip.interface);
  const near = (address: Address): number => commonPrefixLength(address, vip.address);
  return (named.length > 0 ? named : sameFamily).toSorted((a, b) => near(b.address) - near(a.address))[0]?.address;
}

function idOf({ mark, destination }: Route): ServiceId {
  const family: Family = familyOf(destination);
  return { kind: 'mark', mark, family };
}

/** Longer than any pause within a request; a template that has gone costs nothing. */
const PERSISTENCE_MS = 60_000;
/** Relayed connections that are left when the relay ends may still end by themselves. */
const DRAIN_MS = 600_000;

function serviceOf(route: Route): DesiredService {
  const { destination } = route;
  return {
    name: `relay to ${destination}`,
    service: {
      id: idOf(route),
      scheduler: 'rr',
      onePacket: false,
      schedulerFallback: false,
      schedulerPort: false,
      persistence: { timeoutMs: PERSISTENCE_MS, prefixLength: hostPrefix(destination) },
    },
    destinations: [
      { address: destination, port: 0, forward: 'dr', weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: null },
    ],
    removed: [],
    drain: { timeoutMs: DRAIN_MS, waitForPersistent: false },
  };
}
