/** What realservers need for the services that use them: DR and TUN make them hold the VIP silently, NAT routes answers back. */
import type { Config, RealserverConfig } from '../config/config.ts';
import type { Mode, ServiceConfig } from '../config/service.ts';
import { type Address, familyOf, hostPrefix } from '../wire/address.ts';
import type { Inbound, ModuleWanted, Placed, PlacedVip, Served } from './wanted.ts';

/** Measured: without these a realserver answers ARP for the VIP and takes the traffic away from the director. */
const ARP_SUPPRESSION: Readonly<Record<string, string>> = {
  'net.ipv4.conf.all.arp_ignore': '1',
  'net.ipv4.conf.all.arp_announce': '2',
  'net.ipv4.conf.lo.arp_ignore': '1',
  'net.ipv4.conf.lo.arp_announce': '2',
};

/**
 * Strict reverse-path filtering drops decapsulated packets, for their source is not routed through tunl0. The kernel takes
 * the greater of `all` and the interface, so 2 (loose) here is enough and `all` stays as it is.
 */
const TUNNEL_FILTER: Readonly<Record<string, string>> = { 'net.ipv4.conf.tunl0.rp_filter': '2' };

export interface RealserverParts {
  readonly modules: readonly ModuleWanted[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly placed: Placed;
  readonly serves: readonly Served[];
  readonly inbound: readonly Inbound[];
}

export function realserverParts(config: Config, realserver: RealserverConfig): RealserverParts {
  const services = config.services.filter((service) =>
    service.realservers.some(({ name }) => name === realserver.name),
  );
  const vips = placedVips(services);
  const tunnel = services.some(({ mode }) => mode === 'tun');
  const silent = vips.some(({ address }) => familyOf(address) === 4);
  return {
    modules: tunnel ? [{ name: 'ipip', required: true }] : [],
    sysctls: { ...(silent ? ARP_SUPPRESSION : {}), ...(tunnel ? TUNNEL_FILTER : {}), ...realserver.sysctl },
    placed: { vips, tunnel, returnRoute: returnRoute(config, realserver, services) },
    serves: served(services, realserver),
    inbound: inbound(services, realserver),
  };
}

/**
 * A VIP of a tunnelled service goes on tunl0, which must have an address of its own for reverse-path filtering to accept
 * anything on it (net/ipv4/fib_frontend.c, `no_addr`); it serves DR services of the same VIP just as well.
 */
function placedVips(services: readonly ServiceConfig[]): PlacedVip[] {
  const devices = new Map<Address, PlacedVip['device']>();
  for (const mode of ['dr', 'tun'] satisfies Mode[]) {
    for (const { address } of services.filter((service) => service.mode === mode).flatMap(({ listen }) => listen)) {
      devices.set(address, mode === 'tun' ? 'tunl0' : 'lo');
    }
  }
  return [...devices]
    .map(([address, device]) => ({ device, address, prefixLength: hostPrefix(address) }))
    .sort((a, b) => (`${a.device} ${a.address}` < `${b.device} ${b.address}` ? -1 : 1));
}

function returnRoute(config: Config, { gateway, rip }: RealserverConfig, services: readonly ServiceConfig[]) {
  if (gateway === null || !services.some(({ mode }) => mode === 'nat')) return null;
  const direct = config.directors
    .flatMap(({ dips }) => dips.map(({ address }) => address))
    .filter((address) => familyOf(address) === familyOf(rip))
    .sort();
  return { rip, via: gateway.via, direct };
}

/** Without those of weight 0, which get nothing, and of NAT where no return route is ours. */
function served(services: readonly ServiceConfig[], { name, gateway }: RealserverConfig): Served[] {
  const prepared = services.filter(({ mode }) => mode !== 'nat' || gateway !== null);
  return prepared.flatMap(({ name: service, mode: forward, listen, realservers }) =>
    realservers
      .filter((one) => one.name === name && one.weight > 0)
      .flatMap(({ address: rip }) => listen.map(({ address }) => ({ service, address, rip, forward }))),
  );
}

function inbound(services: readonly ServiceConfig[], realserver: RealserverConfig): Inbound[] {
  const entries = services.flatMap((service) =>
    service.listen.flatMap((listener): Inbound[] => {
      if (listener.protocol === 'sctp') return [];
      const destination = service.realservers.find(({ name }) => name === realserver.name);
      const port = service.mode === 'nat' ? (destination?.port ?? listener.port) : listener.port;
      const purpose = `service ${service.name}`;
      const family = familyOf(listener.address);
      return [{ family, protocol: listener.protocol, port: port === 0 ? null : port, purpose }];
    }),
  );
  const tunnelled = services.filter(({ mode }) => mode === 'tun');
  return [
    ...entries,
    ...tunnelled.map(({ name }): Inbound => ({ family: 4, protocol: 'ipip', port: null, purpose: `service ${name}` })),
  ];
}
