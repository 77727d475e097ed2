/** The destination that has the place of the realservers when not enough of them lives. Pure. */
import type { Mode, ServiceConfig } from '../config/service.ts';
import { type Address, type Family, familyOf, parseAddress } from '../wire/address.ts';
import type { IpvsDestination, Tunnel } from '../wire/ipvs.ts';

/**
 * The director's own server is a destination on the loopback, by direct routing whatever the service's mode: the packet stays as
 * it is, for VIP and port, and goes to the director itself. Measured: NAT to the loopback is never answered.
 * @param listenerPort - what DR and TUN must use
 * @returns none without a sorry server
 */
export function sorryDestinations(service: ServiceConfig, listenerPort: number, tunnel: Tunnel): IpvsDestination[] {
  const host = hostOf(service);
  if (host === undefined) return [];
  const { address, mode, port } = host;
  return [
    {
      address,
      port: mode === 'nat' ? (port ?? listenerPort) : listenerPort,
      forward: mode,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
      tunnel: mode === 'tun' ? tunnel : null,
    },
  ];
}

interface Host {
  readonly address: Address;
  readonly mode: Mode;
  readonly port: number | null;
}

function hostOf({ sorry, listen }: ServiceConfig): Host | undefined {
  if (sorry?.kind === 'host') return sorry;
  const [first] = listen;
  const address = sorry === null || first === undefined ? undefined : parseAddress(LOOPBACK[familyOf(first.address)]);
  return address === undefined ? undefined : { address, mode: 'dr', port: null };
}

const LOOPBACK: Readonly<Record<Family, string>> = { 4: '127.0.0.1', 6: '::1' };

/** Whether realservers stay beside it at weight 0, rather than leave. */
export function keepsRealservers({ sorry }: ServiceConfig): boolean {
  return sorry?.kind === 'host' && sorry.quiesce;
}
