/** Echo requests and replies of ICMP (RFC 792) and ICMPv6 (RFC 4443 section 4), as raw sockets send and give them. */
import type { Family } from './address.ts';
import { internetChecksum } from './checksum.ts';
import { Writer } from './cursor.ts';

export interface Echo {
  /** 16 bits each. */
  readonly id: number;
  readonly sequence: number;
  /** Comes back as it went out. */
  readonly payload: Uint8Array;
}

const REQUEST = { 4: 8, 6: 128 } as const;
export const ECHO_REPLY = { 4: 0, 6: 129 } as const;
/** Type, code, checksum, id and sequence. */
const HEADER = 8;

/** The checksum of ICMPv6 covers addresses that only the kernel knows: it fills in that. */
export function encodeEchoRequest(family: Family, { id, sequence, payload }: Echo): Uint8Array {
  const out = new Writer(HEADER + payload.length).u8(REQUEST[family]).u8(0).u16(0).u16(id).u16(sequence).bytes(payload);
  if (family === 4) out.patchU16(2, internetChecksum(out.done()));
  return out.done();
}

/** @param message - without an IP header; of ICMPv6 the kernel has verified the checksum. @returns undefined: no echo reply, or a damaged one */
export function parseEchoReply(family: Family, message: Uint8Array): Echo | undefined {
  if (message.length < HEADER || message[0] !== ECHO_REPLY[family] || message[1] !== 0) return undefined;
  if (family === 4 && internetChecksum(message) !== 0) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { id: view.getUint16(4), sequence: view.getUint16(6), payload: message.subarray(HEADER) };
}
