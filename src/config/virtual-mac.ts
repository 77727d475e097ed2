/** The virtual router's MAC address (RFC 9568 section 7.3), and the interface that has it: the same for whoever prepares or makes it. */
import type { Family } from '../wire/address.ts';

/** The first five bytes belong to VRRP (RFC 9568 sections 7.3 and 12), the last one is the VRID. */
const PREFIX = { 4: '00:00:5e:00:01', 6: '00:00:5e:00:02' } as const;

export function virtualMacOf(family: Family, vrid: number): string {
  return `${PREFIX[family]}:${vrid.toString(16).padStart(2, '0')}`;
}

/** `vrrp.51`, or `vrrp6.51` for IPv6: told by nothing else, so that it keeps its name whatever else changes. */
export function virtualInterfaceOf(family: Family, vrid: number): string {
  return `${family === 4 ? 'vrrp' : 'vrrp6'}.${vrid}`;
}

/**
 * IPv4 on that interface. Everything in its network is reached by the base interface, so a strict check of the reverse path
 * (rp_filter 1, and the greater of `all` and the interface counts) would drop what comes in, and arp_filter would never answer.
 * It answers for its own addresses only: the director's own address is not at the virtual MAC.
 */
export const VIRTUAL_INTERFACE_IPV4 = { rp_filter: 2, arp_filter: 0, arp_ignore: 1 } as const;
