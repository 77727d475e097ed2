/**
 * A netlink socket for commands. The kernel queues its answer before sendmsg returns, so requests are synchronous: send, then
 * read until the acknowledgement. Events never come here (they get a socket of their own, netlink-events.ts).
 */
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeMessages,
  encodeMessages,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from '../wire/netlink.ts';
import { KernelError } from './kernel-error.ts';
import {
  AF_NETLINK,
  EAGAIN,
  EINTR,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  SO_RCVBUFFORCE,
  SOCK_RAW,
  SOL_NETLINK,
  SOL_SOCKET,
} from './linux-abi.ts';
import type { Rawio } from './rawio.ts';

/** The kernel fills pages of a dump up to 32 KiB; nothing else is longer. */
const RECEIVE_BYTES = 65_536;
/** Answers to one batch; each is at most some 100 bytes, in a socket buffer that counts about 1 KiB. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** A dump that the table changed under is read again this often. */
const DUMP_TRIES = 5;
/** Numbers start again before they leave 31 bits, never within a batch. */
const LAST_SEQUENCE = 0x7fff_ffff;

export interface NetlinkRequest {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Facts of an error that the socket cannot know. */
export interface Asked {
  readonly operation: string;
  readonly target: string;
}

export class NetlinkSocket {
  readonly #rawio: Rawio;
  readonly #fd: number;
  readonly #into = new Uint8Array(RECEIVE_BYTES);
  #sequence = 0;

  /** @throws KernelError */
  constructor(rawio: Rawio, protocol: number) {
    this.#rawio = rawio;
    this.#fd = rawio.socket(AF_NETLINK, SOCK_RAW, protocol);
    if (this.#fd < 0) {
      throw new KernelError({ operation: 'open netlink socket', target: '', errno: -this.#fd });
    }
    const on = Uint8Array.of(1, 0, 0, 0);
    for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
      rawio.setsockopt(this.#fd, SOL_NETLINK, option, on);
    }
    const size = new Uint8Array(Uint32Array.of(RECEIVE_BUFFER_BYTES).buffer);
    rawio.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, size);
  }

  /** One request with an acknowledgement, and the answer before it if the kernel gives one. @throws KernelError */
  request(request: NetlinkRequest, asked: Asked): NetlinkMessage | undefined {
    const sequence = this.#send([{ ...request, flags: request.flags | NLM_F_REQUEST | NLM_F_ACK }], asked);
    let answer: NetlinkMessage | undefined;
    for (const message of this.#answers(asked)) {
      if (message.sequence !== sequence) continue;
      if (message.type === NLMSG_ERROR) {
        refuse(decodeAcknowledgement(message), asked);
        break;
      }
      answer = { ...message, payload: message.payload.slice() };
    }
    return answer;
  }

  /** @throws KernelError, also when the table kept changing (EINTR). */
  dump(request: NetlinkRequest, asked: Asked): NetlinkMessage[] {
    for (let tries = 1; ; tries++) {
      const { messages, interrupted } = this.#dumpOnce(request, asked);
      if (!interrupted) return messages;
      if (tries === DUMP_TRIES) throw new KernelError({ ...asked, errno: EINTR, detail: 'it kept changing' });
    }
  }

  /**
   * Sends many requests in one system call; only the last asks for an acknowledgement, but the kernel reports every failure and
   * goes on with the next.
   * @returns one acknowledgement a request, errno 0 when done. @throws KernelError when the socket itself failed.
   */
  batch(requests: readonly NetlinkRequest[], asked: Asked): Acknowledgement[] {
    const results = requests.map((): Acknowledgement => ({ errno: 0, text: undefined }));
    if (requests.length === 0) return results;
    const marked = requests.map((request, index) => ({
      ...request,
      flags: request.flags | NLM_F_REQUEST | (index === requests.length - 1 ? NLM_F_ACK : 0),
    }));
    const last = this.#send(marked, asked);
    for (const message of this.#answers(asked)) {
      const index = message.sequence - (last - requests.length + 1);
      if (message.type !== NLMSG_ERROR || !(index in results)) continue;
      results[index] = decodeAcknowledgement(message);
      if (message.sequence === last) break;
    }
    return results;
  }

  close(): void {
    this.#rawio.close(this.#fd);
  }

  #dumpOnce(request: NetlinkRequest, asked: Asked): { messages: NetlinkMessage[]; interrupted: boolean } {
    const sequence = this.#send([{ ...request, flags: request.flags | NLM_F_REQUEST | NLM_F_DUMP }], asked);
    const messages: NetlinkMessage[] = [];
    let interrupted = false;
    for (const message of this.#answers(asked)) {
      if (message.sequence !== sequence) continue;
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
        refuse(decodeAcknowledgement(message), asked);
        break;
      }
      messages.push({ ...message, payload: message.payload.slice() });
      if ((message.flags & NLM_F_MULTI) === 0) break;
    }
    return { messages, interrupted };
  }

  /** @returns the sequence number of the last request; those before count up to it. */
  #send(requests: readonly NetlinkRequest[], asked: Asked): number {
    if (this.#sequence + requests.length >= LAST_SEQUENCE) this.#sequence = 0;
    const messages = requests.map(({ type, flags, payload }) => {
      this.#sequence += 1;
      return { type, flags, sequence: this.#sequence, payload };
    });
    const sent = this.#rawio.sendmsg(this.#fd, encodeMessages(messages), null, null, 0);
    if (sent < 0) throw new KernelError({ ...asked, errno: -sent });
    return this.#sequence;
  }

  /** Views of the receive buffer: one is overwritten when the datagram after its own is read. */
  *#answers(asked: Asked): Generator<NetlinkMessage, void> {
    for (;;) yield* this.#receive(asked);
  }

  #receive(asked: Asked): NetlinkMessage[] {
    const length = this.#rawio.recvmsg(this.#fd, this.#into, null, null, 0);
    if (length < 0) {
      const detail = length === -EAGAIN ? 'the kernel did not answer' : undefined;
      throw new KernelError({ ...asked, errno: -length, detail });
    }
    return decodeMessages(this.#into.subarray(0, length));
  }
}

function refuse({ errno, text }: Acknowledgement, asked: Asked): void {
  if (errno !== 0) throw new KernelError({ ...asked, errno, detail: text });
}
