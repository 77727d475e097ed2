/** What a virtual_server listens on: an address and port, a mark, or a group of them with ranges. */
import { type Address, addressBytes, addressFromBytes, familyOf, parseAddress } from '../../wire/address.ts';
import type { Notes } from './note.ts';
import { linesOf, textOf } from './reading.ts';
import type { Statement } from './statement.ts';

export interface Listener {
  /** null: a mark. */
  readonly address: Address | null;
  /** 0: any. */
  readonly port: number;
  readonly mark: number | null;
}

/** A range of more addresses is no list that a person would want to read. */
const LONGEST_RANGE = 256;

export function groupIn(statement: Statement, notes: Notes): Listener[] {
  return linesOf(statement).flatMap((line) => listenerIn(line, line.words, notes));
}

export function listenersOf(
  statement: Statement,
  groups: ReadonlyMap<string, readonly Listener[]>,
  notes: Notes,
): readonly Listener[] {
  const [, first = '', second = ''] = statement.words;
  if (first !== 'group') return listenerIn(statement, statement.words.slice(1), notes);
  const group = groups.get(second);
  if (group === undefined)
    notes.say('lost', statement.at, textOf(statement), `there is no virtual_server_group ${second}`);
  return group ?? [];
}

function listenerIn(statement: Statement, words: readonly string[], notes: Notes): Listener[] {
  const [first = '', second] = words;
  if (first === 'fwmark') {
    const mark = Number(second);
    if (Number.isSafeInteger(mark) && mark > 0) return [{ address: null, port: 0, mark }];
  }
  const addresses = addressesOf(first);
  const port = second === undefined ? 0 : Number(second);
  if (typeof addresses !== 'string' && Number.isInteger(port) && port >= 0 && port <= 65_535)
    return addresses.map((address) => ({ address, port, mark: null }));
  const why = typeof addresses === 'string' ? addresses : 'a port was expected';
  notes.say('lost', statement.at, textOf(statement), why);
  return [];
}

/** `A`, `A-B`, `A-N` (the last number), `A/BITS`; a text says why there are none. */
function addressesOf(text: string): readonly Address[] | string {
  const [host = '', rest = ''] = text.split(/[-/]/, 2);
  const from = parseAddress(host);
  if (from === undefined) return 'an address was expected';
  if (rest === '') return [from];
  const start = numberOf(from);
  const total = familyOf(from) === 4 ? 32 : 128;
  if (text.includes('/')) {
    const bits = total - Number(rest);
    return Number.isInteger(bits) && bits >= 0 && bits <= 8 ? listOf(from, 1 << bits) : TOO_LONG;
  }
  const end = parseAddress(rest) ?? parseAddress(host.replace(/[0-9a-fA-F]+$/, rest));
  if (end === undefined || familyOf(end) !== familyOf(from)) return 'a range was expected';
  const count = numberOf(end) - start + 1n;
  return count > 0n && count <= BigInt(LONGEST_RANGE) ? listOf(from, Number(count)) : TOO_LONG;
}

const TOO_LONG = `lvsctl writes addresses out, and this range is not one of 1 to ${LONGEST_RANGE}`;

function listOf(from: Address, count: number): Address[] {
  const start = numberOf(from);
  return Array.from({ length: count }, (_, index) => addressOf(start + BigInt(index), familyOf(from) === 4 ? 4 : 16));
}

function numberOf(address: Address): bigint {
  return addressBytes(address).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function addressOf(number: bigint, length: number): Address {
  const bytes = Array.from({ length }, (_, index) => Number((number >> BigInt(8 * (length - 1 - index))) & 255n));
  return addressFromBytes(Uint8Array.from(bytes));
}
