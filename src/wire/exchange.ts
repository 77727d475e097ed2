/**
 * What directors of one cluster tell each other, in network order: which configuration each has, and what operators said of
 * realservers. A protocol of ours. Every datagram stands alone: what is said of one realserver needs no other part, so a long
 * list goes in as many datagrams as it takes, in any order.
 *
 * ```
 * | "LVSX" (4) | version 1 (1) | masters (1) | entries (2) |
 * | start of the sender, epoch ms (8) | counter (8) | sent at, epoch ms (8) | generation (8) |
 * | cluster | director | configuration hash | digest of what operators said | master: an address | … |
 * | entry: flags (1) | since (8) | until (8) | weight (4) | realserver | service | owner | reason | …
 * | more: kind (1) | length (2) | bytes | …
 * | HMAC-SHA256 over all before it (32) |
 * ```
 * Texts are a length (2) and UTF-8. Of what comes after the entries an earlier release knows nothing, and passes it over: kind 1 is
 * which virtual routers the sender does not see well, an address each.
 * * The HMAC is made and checked elsewhere (src/agent/exchange/seal.ts): here it ends before it.
 */
import { MalformedError, Reader, Writer } from './cursor.ts';

/** What was said of a realserver: a weight in place of the configured one, or that it was taken back. Times are epoch ms. */
export interface ExchangeEntry {
  readonly realserver: string;
  /** null: in every service. */
  readonly service: string | null;
  /** null: taken back. */
  readonly weight: number | null;
  readonly owner: string;
  readonly reason: string | null;
  readonly since: number;
  readonly until: number | null;
}

export interface ExchangeMessage {
  readonly cluster: string;
  readonly director: string;
  /** When the sender's process started, epoch ms; with the counter it never repeats. */
  readonly startedAt: number;
  readonly counter: number;
  readonly sentAt: number;
  readonly generation: number;
  readonly hash: string;
  /** Equal where both know the same of all realservers. */
  readonly digest: string;
  /**
   * The first address of each virtual router that the sender is MASTER of. An address, because names and numbers may be what
   * two configurations differ in.
   */
  readonly masters: readonly string[];
  /** The first address of each virtual router whose services the sender does not see well; null: it does not say. */
  readonly blind: readonly string[] | null;
  readonly entries: readonly ExchangeEntry[];
}

const MAGIC = 0x4c56_5358;
const VERSION = 1;
const FIXED_BYTES = 40;
/** Kinds of what comes after the entries. */
const BLIND = 1;
/** Of an entry: bits that say what is null. */
const [HAS_SERVICE, HAS_WEIGHT, HAS_REASON, HAS_UNTIL] = [1, 2, 4, 8] as const;

/** Everything but the HMAC. Numbers are whole, 0 … 2^53 − 1; weights fit 32 bits, texts 65,535 bytes; up to 255 masters. */
export function encodeExchange(message: ExchangeMessage): Uint8Array {
  const writer = new Writer(512).u32(MAGIC).u8(VERSION).u8(message.masters.length).u16(message.entries.length);
  writer.u64(message.startedAt).u64(message.counter).u64(message.sentAt).u64(message.generation);
  const { cluster, director, hash, digest, masters } = message;
  for (const text of [cluster, director, hash, digest, ...masters]) writeText(writer, text);
  for (const entry of message.entries) writer.bytes(encodeEntry(entry));
  if (message.blind !== null) {
    const blind = new Writer(64);
    for (const address of message.blind) writeText(blind, address);
    const bytes = blind.done();
    writer.u8(BLIND).u16(bytes.length).bytes(bytes);
  }
  return writer.done();
}

/** One entry alone: how much room it takes is its length. */
export function encodeEntry(entry: ExchangeEntry): Uint8Array {
  const { service, weight, reason, until } = entry;
  const flags =
    (service === null ? 0 : HAS_SERVICE) |
    (weight === null ? 0 : HAS_WEIGHT) |
    (reason === null ? 0 : HAS_REASON) |
    (until === null ? 0 : HAS_UNTIL);
  const writer = new Writer(128)
    .u8(flags)
    .u64(entry.since)
    .u64(until ?? 0)
    .u32(weight ?? 0);
  for (const text of [entry.realserver, service ?? '', entry.owner, reason ?? '']) writeText(writer, text);
  return writer.done();
}

/**
 * What follows the last entry and is not understood is a later release's, and passed over.
 * @throws MalformedError for what is cut off, of another protocol or version, or no text.
 */
export function decodeExchange(bytes: Uint8Array): ExchangeMessage {
  const reader = new Reader(bytes);
  if (reader.remaining < FIXED_BYTES) throw new MalformedError(`${bytes.length} bytes are too few`);
  if (reader.u32() !== MAGIC) throw new MalformedError('not an exchange between directors');
  const version = reader.u8();
  if (version !== VERSION) throw new MalformedError(`version ${version} of the exchange is not understood`);
  const [masters, entries] = [reader.u8(), reader.u16()];
  const numbers = {
    startedAt: whole(reader),
    counter: whole(reader),
    sentAt: whole(reader),
    generation: whole(reader),
  };
  const texts = {
    cluster: readText(reader),
    director: readText(reader),
    hash: readText(reader),
    digest: readText(reader),
  };
  return {
    ...numbers,
    ...texts,
    masters: Array.from({ length: masters }, () => readText(reader)),
    entries: Array.from({ length: entries }, () => readEntry(reader)),
    blind: readBlind(reader),
  };
}

function readBlind(reader: Reader): string[] | null {
  while (reader.remaining >= 3) {
    const [kind, length] = [reader.u8(), reader.u16()];
    if (length > reader.remaining) return null;
    const part = new Reader(reader.bytes(length));
    if (kind !== BLIND) continue;
    const addresses: string[] = [];
    while (part.remaining > 0) addresses.push(readText(part));
    return addresses;
  }
  return null;
}

function readEntry(reader: Reader): ExchangeEntry {
  const flags = reader.u8();
  const [since, until, weight] = [whole(reader), whole(reader), reader.u32()];
  const [realserver, service, owner, reason] = [readText(reader), readText(reader), readText(reader), readText(reader)];
  return {
    realserver,
    service: (flags & HAS_SERVICE) === 0 ? null : service,
    weight: (flags & HAS_WEIGHT) === 0 ? null : weight,
    owner,
    reason: (flags & HAS_REASON) === 0 ? null : reason,
    since,
    until: (flags & HAS_UNTIL) === 0 ? null : until,
  };
}

function whole(reader: Reader): number {
  const value = reader.u64();
  if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError(`${value} is no number of ours`);
  return value;
}

function writeText(writer: Writer, text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > 0xffff) throw new RangeError(`a text of ${bytes.length} bytes does not fit`);
  writer.u16(bytes.length).bytes(bytes);
}

function readText(reader: Reader): string {
  const bytes = reader.bytes(reader.u16());
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MalformedError('a text is not UTF-8');
  }
}
