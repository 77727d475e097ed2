/**
 * Unsolicited neighbour advertisements (RFC 4861 sections 4.4 and 7.2.6, RFC 9568 section 6.4.2): an Ethernet frame that tells
 * every neighbour who has an IPv6 address, as gratuitous ARP does for IPv4.
 *
 * ```
 * | destination MAC (6) 33:33:00:00:00:01 | source MAC (6) | type 0x86dd |
 * | 6, class, flow (4) | payload length (2) | next header 58 | hop limit 255 | source: the VIP (16) | ff02::1 (16) |
 * | type 136 | code 0 | checksum (2) | R S O flags (4) | target: the VIP (16) | option 2 | length 1 | MAC (6) |
 * ```
 * Router and Override are set, Solicited is not. The source is the VIP itself, an address of the interface by then; the same
 * bytes as keepalived's on a host that forwards (vrrp_ndisc.c), which leaves Router out on one that does not.
 */
import { type Address, addressBytes } from './address.ts';
import { internetChecksum } from './checksum.ts';
import { Writer } from './cursor.ts';

const ALL_NODES = Uint8Array.from([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
/** Where Ethernet carries ff02::1 (RFC 2464 section 7). */
const ALL_NODES_MAC = Uint8Array.from([0x33, 0x33, 0, 0, 0, 1]);
const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x8000_0000;
const OVERRIDE = 0x2000_0000;
/** Its length counts units of 8 bytes. */
const TARGET_LINK_LAYER_ADDRESS = 2;
/** RFC 4861 section 7.1.2: receivers drop what a router may have forwarded. */
const HOP_LIMIT = 255;

/**
 * The whole frame, 86 bytes.
 * @param mac of the sending interface, or the virtual MAC
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv6.
 */
export function neighbourAdvertisement(mac: Uint8Array, address: Address): Uint8Array {
  const ip = addressBytes(address);
  if (mac.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${mac.length}`);
  if (ip.length !== 16) throw new RangeError(`neighbour advertisements are for IPv6, not for ${address}`);
  const message = icmpMessage(mac, ip);
  const frame = new Writer(86).bytes(ALL_NODES_MAC).bytes(mac).u16(ETHERTYPE_IPV6);
  frame.u32(0x6000_0000).u16(message.length).u8(ICMPV6).u8(HOP_LIMIT).bytes(ip).bytes(ALL_NODES);
  return frame.bytes(message).done();
}

/** With its checksum over the pseudo-header (RFC 8200 section 8.1). */
function icmpMessage(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  const message = new Writer(32)
    .u8(NEIGHBOUR_ADVERTISEMENT)
    .u8(0)
    .u16(0)
    .u32(ROUTER + OVERRIDE)
    .bytes(ip)
    .u8(TARGET_LINK_LAYER_ADDRESS)
    .u8(1)
    .bytes(mac);
  const pseudoHeader = new Writer(40).bytes(ip).bytes(ALL_NODES).u32(message.length).u32(ICMPV6).done();
  return message.patchU16(2, internetChecksum(pseudoHeader, message.done())).done();
}
