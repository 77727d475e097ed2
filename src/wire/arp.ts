/**
 * Gratuitous ARP (RFC 5227 section 3, RFC 9568 section 8.1.2): an Ethernet frame that tells every neighbour who has an IPv4 address.
 *
 * ```
 * | destination MAC (6) ff:ff:ff:ff:ff:ff | source MAC (6) | type 0x0806 |
 * | hardware 1 | protocol 0x0800 | 6 | 4 | operation 1 | sender MAC (6) | sender IP (4) | target MAC (6) | target IP (4) |
 * ```
 * The request form with the VIP as sender and as target, and the broadcast address as target MAC: what keepalived sends
 * (vrrp_arp.c), so that whatever a switch or host was seen to accept from it is accepted from us.
 */
import { type Address, addressBytes } from './address.ts';

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const ETHERTYPE_ARP = [0x08, 0x06];
/** Ethernet, IPv4, address lengths 6 and 4. */
const HARDWARE_AND_PROTOCOL = [0x00, 0x01, 0x08, 0x00, 0x06, 0x04];
const REQUEST = [0x00, 0x01];

/**
 * The whole frame, 42 bytes (the driver pads).
 * @param mac of the sending interface, or the virtual MAC
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv4.
 */
export function gratuitousArp(mac: Uint8Array, address: Address): Uint8Array {
  const ip = addressBytes(address);
  if (mac.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${mac.length}`);
  if (ip.length !== 4) throw new RangeError(`ARP is for IPv4, not for ${address}`);
  return Uint8Array.from([
    ...BROADCAST,
    ...mac,
    ...ETHERTYPE_ARP,
    ...HARDWARE_AND_PROTOCOL,
    ...REQUEST,
    ...mac,
    ...ip,
    ...BROADCAST,
    ...ip,
  ]);
}
