/**
 * Neighbour discovery for IPv6 (RFC 4861): who has an address is told to every neighbour (unsolicited neighbour advertisements,
 * section 7.2.6, RFC 9568 section 6.4.2), asked of them (the solicitation of duplicate address detection, RFC 4862 section 5.4.2),
 * and read from what they answer. What we send is whole Ethernet frames.
 *
 * ```
 * | destination MAC (6) | source MAC (6) | type 0x86dd |
 * | 6, class, flow (4) | payload length (2) | next header 58 | hop limit 255 | source (16) | destination (16) |
 * | type 135 or 136 | code 0 | checksum (2) | R S O flags (4) | target: the address asked or told of (16) | options |
 * option: | 2: the target's MAC | length 1 | MAC (6) |
 * ```
 */
import { type Address, addressBytes, addressFromBytes } from './address.ts';
import { internetChecksum } from './checksum.ts';
import { Reader, Writer } from './cursor.ts';
import { macText } from './mac.ts';

const ALL_NODES = Uint8Array.from([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
/** ff02::1:ff00:0/104, completed by the last three bytes of an address (RFC 4291 section 2.7.1). */
const SOLICITED_NODE = Uint8Array.from([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0]);
const UNSPECIFIED = new Uint8Array(16);
const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x8000_0000;
const OVERRIDE = 0x2000_0000;
/** Its length counts units of 8 bytes. */
const TARGET_LINK_LAYER_ADDRESS = 2;
/** RFC 4861 section 7.1.2: receivers drop what a router may have forwarded. */
const HOP_LIMIT = 255;
/** Of a solicitation or advertisement, without options. */
const MESSAGE_BYTES = 24;

/**
 * Router and Override are set, Solicited is not. The source is the VIP itself, an address of the interface by then; the same
 * bytes as keepalived's on a host that forwards (vrrp_ndisc.c), which leaves Router out on one that does not.
 * @param mac of the sending interface, or the virtual MAC
 * @returns the whole frame, 86 bytes
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv6.
 */
export function neighbourAdvertisement(mac: Uint8Array, address: Address): Uint8Array {
  const ip = checked(mac, address);
  const message = new Writer(32)
    .u8(NEIGHBOUR_ADVERTISEMENT)
    .u8(0)
    .u16(0)
    .u32(ROUTER + OVERRIDE)
    .bytes(ip)
    .u8(TARGET_LINK_LAYER_ADDRESS)
    .u8(1)
    .bytes(mac);
  return frameOf(mac, ip, ALL_NODES, message);
}

/**
 * RFC 4862 section 5.4.2: asks who has an address without saying that we do; who has it tells all nodes. It carries no option,
 * because nobody is to learn anything of us (RFC 4861 section 4.3).
 * @param mac of the sending interface
 * @returns the whole frame, 78 bytes
 * @throws RangeError when `mac` has not 6 bytes or `address` is not IPv6.
 */
export function duplicateSolicitation(mac: Uint8Array, address: Address): Uint8Array {
  const ip = checked(mac, address);
  const message = new Writer(MESSAGE_BYTES).u8(NEIGHBOUR_SOLICITATION).u8(0).u16(0).u32(0).bytes(ip);
  return frameOf(mac, UNSPECIFIED, Uint8Array.from([...SOLICITED_NODE.subarray(0, 13), ...ip.subarray(13)]), message);
}

export interface NeighbourClaim {
  readonly address: Address;
  /** null: it does not say. */
  readonly mac: string | null;
}

/**
 * Who has an address, by a neighbour advertisement: RFC 4861 section 7.1.2, but for hop limit and checksum, which are not in it.
 * @param message - ICMPv6, from its type on
 * @returns undefined for any other message, and for a malformed one
 */
export function parseNeighbourAdvertisement(message: Uint8Array): NeighbourClaim | undefined {
  if (message.length < MESSAGE_BYTES || message[0] !== NEIGHBOUR_ADVERTISEMENT || message[1] !== 0) return undefined;
  const target = message.subarray(8, MESSAGE_BYTES);
  const options = optionsIn(new Reader(message.subarray(MESSAGE_BYTES)));
  if (target[0] === 0xff || options === undefined) return undefined;
  const mac = options.find(({ type, bytes }) => type === TARGET_LINK_LAYER_ADDRESS && bytes.length === 6)?.bytes;
  return { address: addressFromBytes(target), mac: mac === undefined ? null : macText(mac) };
}

/** undefined: one has length 0, or goes beyond the end. */
function optionsIn(reader: Reader): { readonly type: number; readonly bytes: Uint8Array }[] | undefined {
  const options = [];
  while (reader.remaining > 0) {
    if (reader.remaining < 8) return undefined;
    const [type, units] = [reader.u8(), reader.u8()];
    const length = units * 8 - 2;
    if (length < 0 || length > reader.remaining) return undefined;
    options.push({ type, bytes: reader.bytes(length) });
  }
  return options;
}

function checked(mac: Uint8Array, address: Address): Uint8Array {
  const ip = addressBytes(address);
  if (mac.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${mac.length}`);
  if (ip.length !== 16) throw new RangeError(`neighbour discovery is for IPv6, not for ${address}`);
  return ip;
}

/** With the message's checksum over the pseudo-header (RFC 8200 section 8.1), to a group where Ethernet carries it (RFC 2464 section 7). */
function frameOf(mac: Uint8Array, source: Uint8Array, destination: Uint8Array, message: Writer): Uint8Array {
  const pseudoHeader = new Writer(40).bytes(source).bytes(destination).u32(message.length).u32(ICMPV6).done();
  message.patchU16(2, internetChecksum(pseudoHeader, message.done()));
  const frame = new Writer(86).u16(0x3333).bytes(destination.subarray(12)).bytes(mac).u16(ETHERTYPE_IPV6);
  frame.u32(0x6000_0000).u16(message.length).u8(ICMPV6).u8(HOP_LIMIT).bytes(source).bytes(destination);
  return frame.bytes(message.done()).done();
}
