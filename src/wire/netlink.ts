/**
 * Netlink framing (RFC 3549 section 2.2, uapi/linux/netlink.h): messages, and errors with the kernel's extended acknowledgement.
 * nlmsghdr is `length u32 | type u16 | flags u16 | sequence u32 | port u32` in host order.
 */
import { MalformedError, Reader } from './cursor.ts';
import { align, putU16, putU32 } from './host-order.ts';
import { decodeAttributes } from './netlink-attributes.ts';

export const NLMSG_HEADER = 16;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_MULTI = 0x2;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
/** On an acknowledgement: the request is not echoed whole; attributes follow. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

const NLMSGERR_ATTR_MSG = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Requests as one datagram; the port stays 0, the kernel fills it in. */
export function encodeMessages(messages: readonly NetlinkMessage[]): Uint8Array {
  const total = messages.reduce((sum, { payload }) => sum + NLMSG_HEADER + align(payload.length), 0);
  const out = new Uint8Array(total);
  let at = 0;
  for (const { type, flags, sequence, payload } of messages) {
    putU32(out, at, NLMSG_HEADER + payload.length);
    putU16(out, at + 4, type);
    putU16(out, at + 6, flags);
    putU32(out, at + 8, sequence);
    out.set(payload, at + NLMSG_HEADER);
    at += NLMSG_HEADER + align(payload.length);
  }
  return out;
}

/** All messages of one datagram. @throws MalformedError */
export function decodeMessages(datagram: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const input = new Reader(datagram);
  while (input.remaining > 0) {
    const length = input.u32Host();
    if (length < NLMSG_HEADER) throw new MalformedError(`netlink message of ${length} bytes`);
    const [type, flags, sequence] = [input.u16Host(), input.u16Host(), input.u32Host()];
    input.skip(4);
    messages.push({ type, flags, sequence, payload: input.bytes(length - NLMSG_HEADER) });
    input.skip(Math.min(align(length) - length, input.remaining));
  }
  return messages;
}

/** What NLMSG_ERROR says: errno 0 is an acknowledgement. */
export interface Acknowledgement {
  /** Positive errno or 0. */
  readonly errno: number;
  /** The kernel's own words, where it has some. */
  readonly text: string | undefined;
}

/** Of NLMSG_ERROR, and of NLMSG_DONE (which ends a dump with an errno, too). @throws MalformedError */
export function decodeAcknowledgement({ type, flags, payload }: NetlinkMessage): Acknowledgement {
  if (type === NLMSG_DONE && payload.length < 4) return { errno: 0, text: undefined };
  const input = new Reader(payload);
  const errno = 0 - input.i32Host();
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno, text: undefined };
  if (type === NLMSG_ERROR) {
    const length = input.u32Host();
    input.skip(NLMSG_HEADER - 4);
    if ((flags & NLM_F_CAPPED) === 0) input.skip(align(length) - NLMSG_HEADER);
  }
  const attributes = decodeAttributes(input.rest());
  const text = attributes.get(NLMSGERR_ATTR_MSG) === undefined ? undefined : attributes.text(NLMSGERR_ATTR_MSG);
  return { errno, text };
}
