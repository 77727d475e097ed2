/**
 * ARP for IPv4 over Ethernet (RFC 826): who has an address is told to every neighbour (gratuitous ARP), asked of them (the probe of
 * RFC 5227), and read from what they say.
 *
 * ```
 * | destination MAC (6) ff:ff:ff:ff:ff:ff | source MAC (6) | type 0x0806 |
 * | hardware 1 | protocol 0x0800 | 6 | 4 | operation 1 or 2 | sender MAC (6) | sender IP (4) | target MAC (6) | target IP (4) |
 * ```
 */
import { type Address, addressBytes, addressFromBytes } from './address.ts';
import { Reader } from './cursor.ts';
import { macText } from './mac.ts';

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const ETHERTYPE_ARP = [0x08, 0x06];
/** Ethernet, IPv4, address lengths 6 and 4. */
const HARDWARE_AND_PROTOCOL = [0x00, 0x01, 0x08, 0x00, 0x06, 0x04];
const REQUEST = [0x00, 0x01];
const NO_MAC = [0, 0, 0, 0, 0, 0];
const NO_ADDRESS = [0, 0, 0, 0];
/** Ethernet header and message; the driver pads what it sends, and what it received may be padded. */
const FRAME_BYTES = 42;

/**
 * RFC 5227 section 3, RFC 9568 section 8.1.2. The request form with the VIP as sender and as target, and the broadcast address as
 * target MAC: what keepalived sends (vrrp_arp.c), so that whatever a switch or host was seen to accept from it is accepted from us.
 * @param mac of the sending interface, or the virtual MAC
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv4.
 */
export function gratuitousArp(mac: Uint8Array, address: Address): Uint8Array {
  const ip = checked(mac, address);
  return request(mac, ip, BROADCAST, ip);
}

/**
 * RFC 5227 section 2.1.1: asks who has an address without saying that we do, so that nobody's neighbour table changes.
 * @param mac of the sending interface
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv4.
 */
export function arpProbe(mac: Uint8Array, address: Address): Uint8Array {
  return request(mac, NO_ADDRESS, NO_MAC, checked(mac, address));
}

/** What a neighbour says of itself; `address` is 0.0.0.0 in a probe. */
export interface ArpSender {
  readonly mac: string;
  readonly address: Address;
}

/**
 * Who sent an ARP request or reply: a sender address is a claim to it, whichever of the two it is (RFC 5227 section 2.1.1).
 * @param frame - with its Ethernet header
 * @returns undefined for anything but ARP for IPv4 over Ethernet, and for what is cut short
 */
export function parseArpSender(frame: Uint8Array): ArpSender | undefined {
  if (frame.length < FRAME_BYTES) return undefined;
  const reader = new Reader(frame);
  reader.skip(12);
  const fixed = reader.bytes(8);
  if (![...ETHERTYPE_ARP, ...HARDWARE_AND_PROTOCOL].every((byte, index) => fixed[index] === byte)) return undefined;
  const operation = reader.u16();
  if (operation !== 1 && operation !== 2) return undefined;
  return { mac: macText(reader.bytes(6)), address: addressFromBytes(reader.bytes(4)) };
}

function checked(mac: Uint8Array, address: Address): Uint8Array {
  const ip = addressBytes(address);
  if (mac.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${mac.length}`);
  if (ip.length !== 4) throw new RangeError(`ARP is for IPv4, not for ${address}`);
  return ip;
}

/** To everybody, {@link FRAME_BYTES} long. */
function request(mac: Uint8Array, sender: Iterable<number>, targetMac: Iterable<number>, target: Iterable<number>) {
  return Uint8Array.from([
    ...BROADCAST,
    ...mac,
    ...ETHERTYPE_ARP,
    ...HARDWARE_AND_PROTOCOL,
    ...REQUEST,
    ...mac,
    ...sender,
    ...targetMac,
    ...target,
  ]);
}
