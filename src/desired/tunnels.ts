/**
 * What tunnelled packets come in by on a realserver. Answers do not go back through a tunnel, so nothing here sends: tunl0 takes IPIP
 * from anyone, and what a GUE port leaves when it has been unpacked (the kernel hands it on as IPIP); GRE has a device of its own,
 * because gre0 drops whatever carries a checksum (net/ipv4/ip_tunnel.c, ip_tunnel_rcv). IPv6 comes in IPv6 (RFC 2473), by
 * ip6tnl0, from anyone. Pure.
 */
import type { ServiceConfig } from '../config/service.ts';
import { type Address, familyOf } from '../wire/address.ts';
import type { GreDevice, Inbound, ModuleWanted, PlacedVip, Tunnels } from './wanted.ts';

export const GRE_DEVICE = 'lvs-gre' satisfies PlacedVip['device'];

export const IPV6_DEVICE = 'ip6tnl0';

/** @param services those with `mode: tun` that use the realserver, which has these addresses */
export function tunnelsFor(services: readonly ServiceConfig[], rips: readonly Address[]): Tunnels {
  const tunnels = services.filter((service) => !isOfIpv6(service)).map(({ tunnel }) => tunnel);
  const rip = rips.find((one) => familyOf(one) === 4);
  const gre = rip === undefined ? undefined : tunnels.find(({ type }) => type === 'gre');
  return {
    tunnel: tunnels.some(({ type }) => type !== 'gre'),
    tunnel6: services.some(isOfIpv6),
    guePorts: [...new Set(tunnels.filter(({ type }) => type === 'gue').map(({ port }) => port))].sort((a, b) => a - b),
    gre: gre === undefined || rip === undefined ? null : { local: rip, checksum: gre.checksum },
  };
}

function isOfIpv6({ listen }: ServiceConfig): boolean {
  return listen.some(({ address }) => familyOf(address) === 6);
}

/** Where a tunnelled VIP must be: see placedVips. IPv6 has no reverse-path filter: lo will do for whatever comes in. */
export function deviceOf(service: ServiceConfig): PlacedVip['device'] {
  if (isOfIpv6(service)) return 'lo';
  return service.tunnel.type === 'gre' ? GRE_DEVICE : 'tunl0';
}

export function tunnelModules({ tunnel, tunnel6, guePorts, gre }: Tunnels): ModuleWanted[] {
  const names = [
    ...(tunnel ? ['ipip'] : []),
    ...(tunnel6 ? ['ip6_tunnel'] : []),
    ...(guePorts.length > 0 ? ['fou'] : []),
    ...(gre ? ['ip_gre'] : []),
  ];
  return names.map((name) => ({ name, required: true }));
}

/**
 * Strict reverse-path filtering drops unpacked packets, for their source is not routed through the tunnel. The kernel takes the
 * greater of `all` and the interface, so 2 (loose) here is enough and `all` stays as it is.
 */
export function tunnelSysctls({ tunnel, gre }: Tunnels): Record<string, string> {
  const devices = [...(tunnel ? ['tunl0'] : []), ...(gre ? [GRE_DEVICE] : [])];
  return Object.fromEntries(devices.map((device) => [`net.ipv4.conf.${device}.rp_filter`, '2']));
}

/** Of `ip`: the device as it shall be. */
export function greArguments({ local, checksum }: GreDevice): string[] {
  return ['link', 'add', GRE_DEVICE, 'type', 'gre', 'local', local, ...(checksum ? ['icsum'] : [])];
}

/** Bytes that the tunnels of a realserver put around an IPv4 packet, at most; 0: there are none. An IPv4 header is 20 of them. */
export function tunnelOverhead({ tunnel, guePorts, gre }: Tunnels): number {
  return Math.max(guePorts.length > 0 ? 32 : 0, tunnel ? 20 : 0, gre === null ? 0 : gre.checksum ? 28 : 24);
}

/** The largest TCP segment (RFC 9293 section 3.7.1) that fits into a tunnel on a path of this MTU; null: there is no tunnel. */
export function segmentOf(mtu: number, overhead: number): number | null {
  return overhead === 0 ? null : mtu - overhead - 40;
}

/** What a realserver's firewall has to let in for a tunnelled service. */
export function tunnelInbound(service: ServiceConfig): Inbound {
  const { name, tunnel } = service;
  const purpose = `service ${name}`;
  if (isOfIpv6(service)) return { family: 6, protocol: 'ipv6', port: null, purpose };
  if (tunnel.type === 'gue') return { family: 4, protocol: 'udp', port: tunnel.port, purpose };
  return { family: 4, protocol: tunnel.type, port: null, purpose };
}
