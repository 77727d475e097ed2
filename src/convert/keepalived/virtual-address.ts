/** One line of `virtual_ipaddress`. */
import { type Address, hostPrefix, parseAddress } from '../../wire/address.ts';
import { entry, map } from '../draft.ts';
import type { Notes } from './note.ts';
import { literal, type Part, type Tree, textOf } from './reading.ts';
import type { Statement } from './statement.ts';

/** `ADDRESS[/BITS] [brd …] [dev …] [scope …] [label …]` */
export function vipIn(line: Statement, notes: Notes): { draft: Tree; address: Address } | undefined {
  const [written = '', ...rest] = line.words;
  const [host = '', bits] = written.split('/');
  const address = parseAddress(host);
  if (address === undefined) {
    notes.say('lost', line.at, textOf(line), 'an address was expected');
    return undefined;
  }
  const text = bits === undefined || Number(bits) === hostPrefix(address) ? address : `${address}/${Number(bits)}`;
  const settings: Part[] = [];
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    const key = VIP_KEYS[word];
    if (key !== undefined) settings.push(entry(key, literal(rest[++index] ?? ''), line.at));
    else if (word !== 'no_track') notes.say('lost', line.at, textOf(line), `lvsctl has nothing like ${word}`);
  }
  if (settings.length === 0) return { address, draft: { kind: 'value', value: text } };
  return { address, draft: map(entry('address', text, line.at), ...settings) };
}

const VIP_KEYS: Readonly<Record<string, string>> = {
  ...{ dev: 'interface', label: 'label', scope: 'scope', brd: 'broadcast', broadcast: 'broadcast' },
};
