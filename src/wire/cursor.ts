/** Cursors over bytes: network order by default, `Host` for what the kernel takes in its own (little-endian on every CPU we run on). */

/** The bytes ended, or said something impossible: the peer's fault or the network's, never a bug of ours. */
export class MalformedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedError';
  }
}

/** Reads from the front. Every read beyond the end is a MalformedError. */
export class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** Exact up to 2^53. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8)));
  }

  u16Host(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32Host(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  i32Host(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Exact up to 2^53. */
  u64Host(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** A view of the input, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  #advance(length: number): number {
    if (length < 0 || length > this.remaining) {
      throw new MalformedError(`${length} bytes wanted at offset ${this.#offset}, ${this.remaining} left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}

/** Appends; grows as needed. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#extend(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#extend(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#extend(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** Exact up to 2^53. */
  u64(value: number): this {
    const at = this.#extend(8);
    this.#view.setBigUint64(at, BigInt(value));
    return this;
  }

  u16Host(value: number): this {
    const at = this.#extend(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32Host(value: number): this {
    const at = this.#extend(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#extend(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(count: number): this {
    this.#extend(count);
    return this;
  }

  /** Overwrites 16 bits that were written before, in network order: a length or checksum known only now. */
  patchU16(offset: number, value: number): this {
    this.#view.setUint16(offset, value);
    return this;
  }

  patchU16Host(offset: number, value: number): this {
    this.#view.setUint16(offset, value, true);
    return this;
  }

  patchU32Host(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** What was written; a copy. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Room for `count` zero bytes; may replace the buffer and the view, so they are read after it. */
  #extend(count: number): number {
    const start = this.#length;
    const needed = start + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = needed;
    return start;
  }
}
