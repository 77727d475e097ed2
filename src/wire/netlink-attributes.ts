/** Netlink attributes: `length u16 | type u16 | payload`, padded to 4, in host order unless an attribute says otherwise. */
import { MalformedError } from './cursor.ts';
import { align, getU16, getU32, putU16, putU32 } from './host-order.ts';

const NLA_F_NESTED = 0x8000;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const NLA_TYPE_MASK = 0x3fff;

/**
 * Builds attributes in order, nested ones in place, one text after the other in slabs that the texts are views of: a batch has
 * tens of thousands of attributes, and an allocation for each text costs more than writing it.
 */
export class AttributeWriter {
  readonly #slabBytes: number;
  #bytes: Uint8Array;
  /** Where the text being written begins, and ends so far. */
  #start = 0;
  #length = 0;

  constructor(slabBytes = 256) {
    this.#slabBytes = slabBytes;
    this.#bytes = new Uint8Array(slabBytes);
  }

  u8(type: number, value: number): this {
    const at = this.#header(type, 1); // may begin another slab
    this.#bytes[at] = value;
    return this;
  }

  u16(type: number, value: number): this {
    const at = this.#header(type, 2);
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    return this;
  }

  /** In network order: ports. */
  u16Network(type: number, value: number): this {
    const at = this.#header(type, 2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(type: number, value: number): this {
    const at = this.#header(type, 4);
    putU32(this.#bytes, at, value);
    return this;
  }

  /** NUL-terminated. */
  text(type: number, value: string): this {
    return this.raw(type, new TextEncoder().encode(`${value}\0`));
  }

  /** @param size with zeros up to so many bytes. */
  raw(type: number, payload: Uint8Array, size = payload.length): this {
    const at = this.#header(type, size);
    this.#bytes.set(payload, at);
    return this;
  }

  nested(type: number, build: (inner: AttributeWriter) => void): this {
    // From the text's own beginning: the slab may change meanwhile.
    const offset = this.#header(type | NLA_F_NESTED, 0) - 4 - this.#start;
    build(this);
    putU16(this.#bytes, this.#start + offset, this.#length - this.#start - offset);
    return this;
  }

  /** Without a header of its own: what stands before the attributes. */
  prefix(...bytes: readonly number[]): this {
    const at = this.#extend(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** What was written; the writer is empty afterwards and may be used again. */
  done(): Uint8Array {
    const written = this.#bytes.subarray(this.#start, this.#length);
    this.#start = this.#length;
    return written;
  }

  /** @returns where the payload goes; it is zero so far. */
  #header(type: number, payloadLength: number): number {
    const at = this.#extend(4 + align(payloadLength));
    putU16(this.#bytes, at, 4 + payloadLength);
    putU16(this.#bytes, at + 2, type);
    return at + 4;
  }

  /** A slab's bytes are used once, so what was not written yet is zero. */
  #extend(count: number): number {
    if (this.#length + count > this.#bytes.length) {
      const begun = this.#bytes.subarray(this.#start, this.#length);
      this.#bytes = new Uint8Array(Math.max(this.#slabBytes, 2 * (begun.length + count)));
      this.#bytes.set(begun);
      this.#start = 0;
      this.#length = begun.length;
    }
    const at = this.#length;
    this.#length += count;
    return at;
  }
}

/**
 * Attributes by type, flags taken off the type; of a repeated one the last (the kernel's own reading). Only their places are
 * kept: a table of 10,000 destinations has some 250,000 attributes, and a view of each would cost more than reading them.
 */
export class Attributes {
  readonly #bytes: Uint8Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** @throws MalformedError */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let at = 0; at < bytes.length; ) {
      const length = at + 4 <= bytes.length ? getU16(bytes, at) : 0;
      if (length < 4 || at + length > bytes.length) {
        throw new MalformedError(`netlink attribute of ${length} bytes at offset ${at}, ${bytes.length - at} left`);
      }
      const type = getU16(bytes, at + 2) & NLA_TYPE_MASK;
      this.#starts[type] = at + 4;
      this.#ends[type] = at + length;
      at += align(length);
    }
  }

  /** A view, not a copy. */
  get(type: number): Uint8Array | undefined {
    const start = this.#starts[type];
    return start === undefined ? undefined : this.#bytes.subarray(start, this.#ends[type]);
  }

  /** @throws MalformedError when it is not there; so do all below, and when it is too short. */
  need(type: number): Uint8Array {
    const start = this.#place(type, 0);
    return this.#bytes.subarray(start, this.#ends[type]);
  }

  u8(type: number): number {
    return this.#bytes[this.#place(type, 1)] ?? 0;
  }

  u16(type: number): number {
    return getU16(this.#bytes, this.#place(type, 2));
  }

  /** In network order: ports. */
  u16Network(type: number): number {
    const host = this.u16(type);
    return ((host & 0xff) << 8) | (host >>> 8);
  }

  u32(type: number): number {
    return getU32(this.#bytes, this.#place(type, 4));
  }

  /** Exact up to 2^53. */
  u64(type: number): number {
    const at = this.#place(type, 8);
    return getU32(this.#bytes, at) + getU32(this.#bytes, at + 4) * 0x1_0000_0000;
  }

  text(type: number): string {
    return decodeText(this.need(type));
  }

  nested(type: number): Attributes {
    return new Attributes(this.need(type));
  }

  #place(type: number, length: number): number {
    const start = this.#starts[type];
    if (start === undefined) throw new MalformedError(`netlink attribute ${type} is missing`);
    if (start + length > (this.#ends[type] ?? 0)) throw new MalformedError(`netlink attribute ${type} is too short`);
    return start;
  }
}

/** @throws MalformedError */
export function decodeAttributes(bytes: Uint8Array): Attributes {
  return new Attributes(bytes);
}

function decodeText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
