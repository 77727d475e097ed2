/** Addresses, policy rules, our routing table and the ways to realservers, all from one `ip`. */
import { type Address, parseAddress } from '../wire/address.ts';
import { type Fact, linesOf } from './fact.ts';

export interface HostAddress {
  readonly device: string;
  readonly address: Address;
  readonly prefixLength: number;
}

export interface PolicyRule {
  readonly priority: number;
  readonly from: string;
  readonly to: string | null;
  readonly table: string;
}

export interface NetworkFacts {
  readonly addresses: readonly HostAddress[];
  readonly rules: readonly PolicyRule[];
  /** The default gateway of our table; null: none. */
  readonly returnVia: Address | null;
  /** Destination → how it is reached; one that is not reached at all is missing. */
  readonly ways: Readonly<Record<Address, { readonly device: string; readonly via: Address | null }>>;
  /** Interfaces that are up (IFF_UP), of those asked for. */
  readonly up: readonly string[];
}

export interface NetworkQuestion {
  /** A routing table of our own: shown if `tableWanted`, or if this file has a line that begins so. */
  readonly table: number;
  readonly tableWanted: boolean;
  readonly tableRecord: { readonly path: string; readonly line: string };
  readonly destinations: readonly Address[];
  readonly interfaces: readonly string[];
}

/**
 * `ip -batch` is one fork for all; busybox has no batches, and then each is asked alone. A table that does not exist is an
 * error to `ip`, so it is only asked for where it should be.
 */
export const networkFact: Fact<NetworkQuestion, NetworkFacts> = {
  name: 'network',
  script({ table, tableWanted, tableRecord: { path, line }, destinations, interfaces }) {
    const show = `route show table ${table}`;
    const asked = ['addr show', 'rule show', ...destinations.map((address) => `route get ${address}`)];
    return `for i in ${interfaces.map((name) => `'${name}'`).join(' ')}; do
  if read -r v 2>/dev/null <"/sys/class/net/$i/flags" && [ $((v & 1)) -eq 1 ]; then echo "up $i"; fi
done
table=${tableWanted ? `'${show}'` : ''}
[ -n "$table" ] || [ ! -r '${path}' ] || while IFS= read -r v; do
  case $v in '${line}'*) table='${show}' ;; esac
done <'${path}'
ip -o -force -batch - 2>/dev/null <<ASKED || {
${asked.join('\n')}
$table
ASKED
${asked.map((words) => `ip -o ${words} 2>/dev/null`).join('\n')}
[ -z "$table" ] || ip -o $table 2>/dev/null
}
:`;
  },
  parse(printed) {
    const lines = linesOf(printed);
    return {
      addresses: unique(lines.flatMap(addressOf)),
      rules: unique(lines.flatMap(ruleOf)),
      returnVia: lines.flatMap((line) => parseAddress(/^default via (\S+)/.exec(line)?.[1] ?? '') ?? [])[0] ?? null,
      ways: Object.fromEntries(lines.flatMap(wayOf)),
      up: lines.filter((line) => line.startsWith('up ')).map((line) => line.slice(3)),
    };
  },
};

function addressOf(line: string): HostAddress[] {
  const [, device = '', text = '', bits] = /^\d+:\s+(\S+)\s+inet6?\s+([^\s/]+)(?:\/(\d+))?/.exec(line) ?? [];
  const address = parseAddress(text);
  if (address === undefined) return [];
  return [{ device, address, prefixLength: bits === undefined ? (text.includes(':') ? 128 : 32) : Number(bits) }];
}

function ruleOf(line: string): PolicyRule[] {
  const [, priority, from = '', to, table = ''] =
    /^(\d+):\s+from (\S+)(?: to (\S+))?.*? lookup (\S+)/.exec(line.replaceAll('\t', ' ')) ?? [];
  return priority === undefined ? [] : [{ priority: Number(priority), from, to: to ?? null, table }];
}

function wayOf(line: string): [Address, { device: string; via: Address | null }][] {
  const [, to = '', via, device = ''] =
    /^(?:local )?([0-9a-f.:]+)(?: from \S+)?(?: via (\S+))? dev (\S+)/.exec(line) ?? [];
  const address = parseAddress(to);
  return address === undefined || line.startsWith('local ')
    ? []
    : [[address, { device, via: via === undefined ? null : (parseAddress(via) ?? null) }]];
}

/** The fallback prints again what the batch had printed before it failed. */
function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
