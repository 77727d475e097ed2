/**
 * Questions and answers of DNS (RFC 1035 section 4), as much as a check of a name server needs: one question, and of the answer
 * its header and its answer section. Records are told as text, field by field, as zone files write them.
 */
import { addressFromBytes } from './address.ts';
import { MalformedError, Reader, Writer } from './cursor.ts';

export const RECORD_TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const;
export type RecordType = keyof typeof RECORD_TYPES;

export interface DnsQuestion {
  /** Labels with dots between them, with or without one at the end; `.` is the root. */
  readonly name: string;
  readonly type: RecordType;
}

export interface DnsAnswer {
  readonly id: number;
  readonly isResponse: boolean;
  /** More would not have fitted: what stands here may be a part. */
  readonly isTruncated: boolean;
  readonly rcode: number;
  /** What it answers, in lower case and without the dot at the end; null when it does not say. */
  readonly question: { readonly name: string; readonly type: number } | null;
  /** Of the answer section and the class IN. */
  readonly records: readonly DnsRecord[];
}

export interface DnsRecord {
  readonly type: number;
  /** Addresses in canonical form, names in lower case and without the dot at the end, numbers, texts. None of a type that is not known. */
  readonly fields: readonly string[];
}

const CLASS_IN = 1;
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
/** Section 2.3.4. */
const MAX_LABEL = 63;
const MAX_NAME = 255;

/**
 * Recursion is desired: a resolver that is asked without would only tell what it knows by chance.
 * @throws RangeError for a name that DNS cannot carry
 */
export function encodeQuery(id: number, { name, type }: DnsQuestion): Uint8Array {
  const out = new Writer(64).u16(id).u16(RECURSION_DESIRED).u16(1).u16(0).u16(0).u16(0);
  const start = out.length;
  for (const label of name === '.' ? [] : name.replace(/\.$/, '').split('.')) {
    const bytes = new TextEncoder().encode(label);
    if (bytes.length === 0 || bytes.length > MAX_LABEL) throw new RangeError(`'${name}' has a label that is no label`);
    out.u8(bytes.length).bytes(bytes);
  }
  out.u8(0);
  if (out.length - start > MAX_NAME) throw new RangeError(`'${name}' is too long for a name`);
  return out.u16(RECORD_TYPES[type]).u16(CLASS_IN).done();
}

/** @throws MalformedError */
export function decodeAnswer(message: Uint8Array): DnsAnswer {
  const reader = new Reader(message);
  const [id, flags] = [reader.u16(), reader.u16()];
  const [questions, answers] = [reader.u16(), reader.u16()];
  reader.skip(4);
  if (questions > 1) throw new MalformedError(`${questions} questions in one message`);
  const header = {
    id,
    isResponse: (flags & RESPONSE) !== 0,
    isTruncated: (flags & TRUNCATED) !== 0,
    rcode: flags & 15,
  };
  const question = questions === 0 ? null : readQuestion(message, reader);
  const records: DnsRecord[] = [];
  for (let index = 0; index < answers; index++) {
    // The count of an answer that was cut off may be that of the whole.
    if (header.isTruncated && reader.remaining === 0) break;
    const record = readRecord(message, reader);
    if (record !== undefined) records.push(record);
  }
  return { ...header, question, records };
}

function readQuestion(message: Uint8Array, reader: Reader): { name: string; type: number } {
  const question = { name: readName(message, reader), type: reader.u16() };
  reader.skip(2);
  return question;
}

function readRecord(message: Uint8Array, reader: Reader): DnsRecord | undefined {
  readName(message, reader);
  const [type, inClass] = [reader.u16(), reader.u16()];
  reader.skip(4); // time to live
  const length = reader.u16();
  const end = reader.offset + length;
  if (inClass !== CLASS_IN) {
    reader.skip(length);
    return undefined;
  }
  const fields = readFields(message, reader, type, length);
  if (reader.offset !== end) throw new MalformedError(`a record of type ${type} is not as long as it says`);
  return { type, fields };
}

function readFields(message: Uint8Array, reader: Reader, type: number, length: number): string[] {
  const name = (): string => readName(message, reader);
  const short = (): string => String(reader.u16());
  const long = (): string => String(reader.u32());
  switch (type) {
    case RECORD_TYPES.A:
      return [addressFromBytes(reader.bytes(4))];
    case RECORD_TYPES.AAAA:
      return [addressFromBytes(reader.bytes(16))];
    case RECORD_TYPES.NS:
    case RECORD_TYPES.CNAME:
    case RECORD_TYPES.PTR:
      return [name()];
    case RECORD_TYPES.MX:
      return [short(), name()];
    case RECORD_TYPES.SRV:
      return [short(), short(), short(), name()];
    case RECORD_TYPES.SOA:
      return [name(), name(), long(), long(), long(), long(), long()];
    case RECORD_TYPES.TXT:
      return readTexts(reader, reader.offset + length);
    default:
      reader.skip(length);
      return [];
  }
}

function readTexts(reader: Reader, end: number): string[] {
  const texts: string[] = [];
  while (reader.offset < end) texts.push(new TextDecoder().decode(reader.bytes(reader.u8())));
  return texts;
}

/** A name may go on at an earlier place of the message (section 4.1.4); always earlier, so that it comes to an end. */
function readName(message: Uint8Array, from: Reader): string {
  const labels: string[] = [];
  let reader = from;
  let earliest = from.offset;
  let length = 1;
  for (;;) {
    const size = reader.u8();
    if (size === 0) return labels.length === 0 ? '.' : labels.join('.');
    if (size > 0xbf) {
      const target = ((size & 0x3f) << 8) | reader.u8();
      if (target >= earliest) throw new MalformedError('a compressed name does not point back');
      earliest = target;
      reader = new Reader(message.subarray(target));
      continue;
    }
    length += size + 1;
    if (size > MAX_LABEL || length > MAX_NAME) throw new MalformedError('a name is longer than names are');
    labels.push(labelText(reader.bytes(size)));
  }
}

/** Section 5.1: what would not stand for itself is escaped. */
function labelText(label: Uint8Array): string {
  return Array.from(label, (byte) => {
    if (byte === 0x2e || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    if (byte < 0x21 || byte > 0x7e) return `\\${String(byte).padStart(3, '0')}`;
    return String.fromCharCode(byte).toLowerCase();
  }).join('');
}
