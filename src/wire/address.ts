/**
 * IP addresses as values. An Address is the canonical text of an IPv4 or IPv6 address (RFC 5952 for IPv6), so that
 * `===` compares, JSON carries it and a log line shows it; the bytes are made where a codec needs them.
 */
import ipaddr from 'ipaddr.js';

/** Canonical text of an address, made by {@link parseAddress} or {@link addressFromBytes} only. */
export type Address = string & { readonly __address: never };

export type Family = 4 | 6;

/** The address that `text` writes, or undefined when it writes none. Zone ids, short IPv4 forms and leading zeros are refused. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text as Address;
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text).toRFC5952String() as Address;
}

/** @throws RangeError when `bytes` is neither 4 nor 16 long. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length !== 4 && bytes.length !== 16)
    throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  if (bytes.length === 4) return bytes.join('.') as Address;
  const value = ipaddr.fromByteArray([...bytes]);
  return (value instanceof ipaddr.IPv6 ? value.toRFC5952String() : value.toString()) as Address;
}

/** 4 or 16 bytes in network order. */
export function addressBytes(address: Address): Uint8Array {
  if (familyOf(address) === 4) return dottedBytes(address);
  return Uint8Array.from(ipaddr.parse(address).toByteArray());
}

/** By hand, because a large table of services has tens of thousands of them. */
function dottedBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let index = 0; index < address.length; index++) {
    const digit = address.charCodeAt(index) - 48;
    if (digit < 0) at += 1;
    else bytes[at] = (bytes[at] ?? 0) * 10 + digit;
  }
  return bytes;
}

export function familyOf(address: Address): Family {
  return address.includes(':') ? 6 : 4;
}

/** Bits of a whole address of that family: a VIP's prefix length unless it is written otherwise. */
export function hostPrefix(address: Address): 32 | 128 {
  return familyOf(address) === 4 ? 32 : 128;
}

/** fe80::/10 (RFC 4291 section 2.5.6): means something on its own link only. */
export function isLinkLocal(address: Address): boolean {
  return /^fe[89ab]/.test(address);
}

/** Whether `address` lies in `network`/`prefixLength`; never across families. */
export function inNetwork(address: Address, network: Address, prefixLength: number): boolean {
  if (familyOf(address) !== familyOf(network)) return false;
  const left = addressBytes(address);
  const right = addressBytes(network);
  for (let bit = 0; bit < prefixLength; bit += 8) {
    const mask = prefixLength - bit >= 8 ? 0xff : (0xff << (8 - (prefixLength - bit))) & 0xff;
    const index = bit >> 3;
    if (((left[index] ?? 0) & mask) !== ((right[index] ?? 0) & mask)) return false;
  }
  return true;
}

/** How many leading bits two addresses share; none across families. */
export function commonPrefixLength(left: Address, right: Address): number {
  let length = 0;
  while (length < hostPrefix(left) && inNetwork(left, right, length + 1)) length += 1;
  return length;
}

/** Numeric order of two addresses of one family (RFC 9568 section 6.4.3 compares senders so); IPv4 sorts before IPv6. */
export function compareAddresses(left: Address, right: Address): number {
  if (familyOf(left) !== familyOf(right)) return familyOf(left) - familyOf(right);
  const [a, b] = [addressBytes(left), addressBytes(right)];
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
