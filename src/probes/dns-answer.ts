/** What is to be thought of a name server's answer. Pure. */
import type { CheckKind } from '../config/service.ts';
import { parseAddress } from '../wire/address.ts';
import { type DnsAnswer, RECORD_TYPES, type RecordType } from '../wire/dns.ts';

export type DnsCheck = Extract<CheckKind, { kind: 'dns' }>;

/** RFC 1035 section 4.1.1; what is not here is told by its number. */
const RCODES: readonly string[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
/** Records that stand in an error. */
const SHOWN_RECORDS = 3;

/** Whether it is the answer to this question: id, name and type come back as they went out. */
export function isAnswerTo({ id, isResponse, question }: DnsAnswer, sentId: number, { name, type }: DnsCheck): boolean {
  if (!isResponse || id !== sentId) return false;
  // Servers that did not understand the question do not always repeat it.
  return question === null || (question.name === nameText(name) && question.type === RECORD_TYPES[type as RecordType]);
}

/** @returns what is wrong with it, as what a server did, or undefined */
export function problemOf({ rcode, records }: DnsAnswer, { type, expect }: DnsCheck): string | undefined {
  if (rcode !== 0) return `answered ${RCODES[rcode] ?? `with the error ${rcode}`}`;
  if (expect === null) return undefined;
  const asked = type as RecordType;
  const found = records.filter((record) => record.type === RECORD_TYPES[asked]).map(({ fields }) => fields);
  const wanted = normal(expect, asked);
  if (found.some((fields) => textOf(fields, asked) === wanted || fields.includes(wanted))) return undefined;
  if (found.length === 0) return `answered without a record of type ${asked}, expected ${expect}`;
  const shown = found.slice(0, SHOWN_RECORDS).map((fields) => textOf(fields, asked));
  return `answered ${asked} ${shown.join(', ')}${found.length > SHOWN_RECORDS ? ', …' : ''}, expected ${expect}`;
}

/** The strings of a TXT record are one text that was too long (RFC 7208 section 3.3 and others). */
function textOf(fields: readonly string[], type: RecordType): string {
  return fields.join(type === 'TXT' ? '' : ' ');
}

/** As records are told. */
function normal(expect: string, type: RecordType): string {
  if (type === 'TXT') return expect;
  if (type === 'A' || type === 'AAAA') return parseAddress(expect) ?? expect;
  return expect.trim().split(/\s+/).map(nameText).join(' ');
}

function nameText(name: string): string {
  return name === '.' ? name : name.toLowerCase().replace(/\.$/, '');
}
