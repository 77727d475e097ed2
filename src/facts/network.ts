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
  /** A routing table of our own. */
  readonly table: number;
  readonly destinations: readonly Address[];
  readonly interfaces: readonly string[];
}

/**
 * `ip -batch` is one fork for all; busybox has no batches, and there each is asked alone. A table that does not exist and an
 * address that cannot be reached are errors to `ip`, which say what there is to know.
 */
export const networkFact: Fact<NetworkQuestion, NetworkFacts> = {
  name: 'network',
  script({ table, destinations, interfaces }) {
    const asked = [
      'addr show',
      'rule show',
      ...destinations.map((address) => `route get ${address}`),
      `route show table ${table}`,
    ];
    return `for i in ${interfaces.map((name) => `'${name}'`).join(' ')}; do
  if read -r v 2>/dev/null <"/sys/class/net/$i/flags" && [ $((v & 1)) -eq 1 ]; then echo "up $i"; fi
done
alone=
for f in /usr/sbin/ip /usr/bin/ip /sbin/ip /bin/ip; do [ ! "$f" -ef /bin/busybox ] || alone=1; done
if [ -z "$alone" ]; then ip -o -force -batch - 2>/dev/null <<ASKED
${asked.join('\n')}
ASKED
else
${asked.map((words) => `ip -o ${words} 2>/dev/null`).join('\n')}
fi
:`;
  },
  parse(printed) {
    const lines = linesOf(printed);
    return {
      addresses: lines.flatMap(addressOf),
      rules: lines.flatMap(ruleOf),
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
