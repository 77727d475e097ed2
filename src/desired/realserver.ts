/** What realservers need for the services that use them: DR and TUN make them hold the VIP silently, NAT routes answers back. */
import type { Config, RealserverConfig } from '../config/config.ts';
import type { ServiceConfig } from '../config/service.ts';
import { familyOf, hostPrefix } from '../wire/address.ts';
import { deviceOf, tunnelInbound, tunnelModules, tunnelSysctls, tunnelsFor } from './tunnels.ts';
import type { Inbound, ModuleWanted, Placed, PlacedVip, Served } from './wanted.ts';

/** Measured: without these a realserver answers ARP for the VIP and takes the traffic away from the director. */
const ARP_SUPPRESSION: Readonly<Record<string, string>> = {
  'net.ipv4.conf.all.arp_ignore': '1',
  'net.ipv4.conf.all.arp_announce': '2',
  'net.ipv4.conf.lo.arp_ignore': '1',
  'net.ipv4.conf.lo.arp_announce': '2',
};

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
  const tunnels = tunnelsFor(
    services.filter(({ mode }) => mode === 'tun'),
    realserver.rips,
  );
  const silent = vips.some(({ address }) => familyOf(address) === 4);
  return {
    modules: tunnelModules(tunnels),
    sysctls: { ...(silent ? ARP_SUPPRESSION : {}), ...tunnelSysctls(tunnels), ...realserver.sysctl },
    placed: { vips, ...tunnels, returnRoute: returnRoute(config, realserver, services) },
    serves: served(services, realserver),
    inbound: inbound(services, realserver),
  };
}

/**
 * A VIP of a tunnelled service goes on the tunnel's device, which must have an address of its own for reverse-path filtering to
 * accept anything on it (net/ipv4/fib_frontend.c, `no_addr`); it serves DR services of the same VIP just as well. One that comes by
 * two tunnels is on both.
 */
function placedVips(services: readonly ServiceConfig[]): PlacedVip[] {
  const tunnelled = services.filter(({ mode }) => mode === 'tun').flatMap((one) => placesOf(one, deviceOf(one)));
  const addresses = new Set(tunnelled.map(({ address }) => address));
  const direct = services
    .filter(({ mode }) => mode === 'dr')
    .flatMap((one) => placesOf(one, 'lo'))
    .filter(({ address }) => !addresses.has(address));
  const places = new Map([...direct, ...tunnelled].map((vip) => [`${vip.device} ${vip.address}`, vip]));
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, vip]) => vip);
}

function placesOf({ listen }: ServiceConfig, device: PlacedVip['device']): PlacedVip[] {
  return listen.map(({ address }) => ({ device, address, prefixLength: hostPrefix(address) }));
}

function returnRoute(config: Config, { gateway, rips }: RealserverConfig, services: readonly ServiceConfig[]) {
  const rip = rips.find((one) => gateway !== null && familyOf(one) === familyOf(gateway.via));
  if (gateway === null || rip === undefined || !services.some(({ mode }) => mode === 'nat')) return null;
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
      const destination = service.realservers.find(({ name }) => name === realserver.name);
      const port = service.mode === 'nat' ? (destination?.port ?? listener.port) : listener.port;
      const purpose = `service ${service.name}`;
      const family = familyOf(listener.address);
      return [{ family, protocol: listener.protocol, port: port === 0 ? null : port, purpose }];
    }),
  );
  return [...entries, ...services.filter(({ mode }) => mode === 'tun').map(tunnelInbound)];
}
