/**
 * The trailer of a signed advertisement (draft-cassen-vrrp-auth-hmac-01, which keepalived sends since 2.4.2), as values.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Type, 1     |    Key ID     |         Reserved, 0           |
 * |                 Seconds since 1970, UTC                       |
 * |   Fraction of a second / 2^16 |          Counter              |
 * |           HMAC-SHA256, the first 16 of 32 bytes               |
 * ```
 * It follows the message; nothing in the message says that it is there, so the length does: no padding gets to 28 bytes. The
 * three fields of time and counter are one number of 64 bits, the sequence, which grows with every advertisement of a sender.
 *
 * The HMAC covers a pseudo-header, the message with its checksum read as zero, and the trailer with its HMAC read as zero. So it
 * is the same for every destination, and the kernel may write the IPv6 checksum afterwards. The pseudo-header: family (4 or 6),
 * version, VRID, 0, and the source address, zeros behind it up to 16 bytes. The IPv4 checksum leaves the trailer out, the IPv6
 * one covers it (src/wire/vrrp.ts).
 */
import { type Address, addressBytes, type Family, familyOf } from './address.ts';

export const TRAILER_BYTES = 28;

const TYPE_HMAC_SHA256 = 1;
const MAC_OFFSET = 12;
const MAC_BYTES = 16;
const PSEUDO_HEADER_BYTES = 20;
const CHECKSUM_OFFSET = 6;

/** HMAC-SHA256 (RFC 2104), 32 bytes; handed in, because this folder is pure. */
export type HmacSha256 = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;

export interface Trailer {
  /** 1–255 with a sender that means it. */
  readonly keyId: number;
  /** 64 bits: seconds, fraction, counter. */
  readonly sequence: bigint;
  /** 16 bytes. */
  readonly mac: Uint8Array;
}

/** A message and what makes its signature. */
export interface Signing {
  readonly source: Address;
  readonly keyId: number;
  readonly key: Uint8Array;
  readonly sequence: bigint;
}

/** Message and trailer of what arrived: a trailer is what stands behind a message of the length that its header tells. */
export function splitTrailer(
  payload: Uint8Array,
  family: Family,
): { readonly message: Uint8Array; readonly trailer: Uint8Array | null } {
  const length = payload.length - TRAILER_BYTES;
  if (length < 8 || length !== toldLength(payload, family)) return { message: payload, trailer: null };
  return { message: payload.subarray(0, length), trailer: payload.subarray(length) };
}

/** As src/wire/vrrp.ts has it: 8 bytes, the addresses, in version 2 the authentication data. */
function toldLength(payload: Uint8Array, family: Family): number {
  const [first = 0, , , count = 0] = payload;
  return 8 + count * (family === 4 ? 4 : 16) + (first >> 4 === 2 ? 8 : 0);
}

/** The trailer of `message`, whose checksum may be there already or not. */
export function trailerOf(message: Uint8Array, signing: Signing, hmac: HmacSha256): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, TYPE_HMAC_SHA256);
  view.setUint8(1, signing.keyId);
  view.setBigUint64(4, signing.sequence);
  bytes.set(macOf(message, bytes, signing.source, signing.key, hmac), MAC_OFFSET);
  return bytes;
}

/** The values of a trailer, or undefined for one of another type, with something in its reserved field, or of another length. */
export function parseTrailer(bytes: Uint8Array): Trailer | undefined {
  if (bytes.length !== TRAILER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== TYPE_HMAC_SHA256 || view.getUint16(2) !== 0) return undefined;
  return { keyId: view.getUint8(1), sequence: view.getBigUint64(4), mac: bytes.slice(MAC_OFFSET) };
}

/** Whether `trailer` is what the owner of `key` puts behind `message`. Takes the same time wherever the two differ. */
export function isSignedBy(
  key: Uint8Array,
  {
    message,
    trailer,
    source,
  }: { readonly message: Uint8Array; readonly trailer: Uint8Array; readonly source: Address },
  hmac: HmacSha256,
): boolean {
  const expected = macOf(message, trailer, source, key, hmac);
  let difference = 0;
  for (const [index, byte] of expected.entries()) difference |= byte ^ (trailer[MAC_OFFSET + index] ?? 0);
  return difference === 0;
}

function macOf(
  message: Uint8Array,
  trailer: Uint8Array,
  source: Address,
  key: Uint8Array,
  hmac: HmacSha256,
): Uint8Array {
  const bytes = new Uint8Array(PSEUDO_HEADER_BYTES + message.length + TRAILER_BYTES);
  bytes.set([familyOf(source), (message[0] ?? 0) >> 4, message[1] ?? 0, 0, ...addressBytes(source)]);
  bytes.set(message, PSEUDO_HEADER_BYTES);
  bytes.fill(0, PSEUDO_HEADER_BYTES + CHECKSUM_OFFSET, PSEUDO_HEADER_BYTES + CHECKSUM_OFFSET + 2);
  bytes.set(trailer.subarray(0, MAC_OFFSET), PSEUDO_HEADER_BYTES + message.length);
  return hmac(key, bytes).subarray(0, MAC_BYTES);
}
