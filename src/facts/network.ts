/** Addresses, policy rules, our routing table and the ways to realservers, all from one `ip`, or two where IPv6 has rules of ours. */

import { quote } from '../shell/quote.ts';
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

export interface Way {
  readonly device: string;
  /** null: it is on-link. */
  readonly via: Address | null;
  /** The route comes by router advertisements (RFC 4861 section 4.2). */
  readonly advertised?: true;
}

export interface NetworkFacts {
  readonly addresses: readonly HostAddress[];
  readonly rules: readonly PolicyRule[];
  /** The default gateways of our table, one a family at most. */
  readonly returnVias: readonly Address[];
  /** Destination → how it is reached; one that is not reached at all is missing. */
  readonly ways: Readonly<Record<Address, Way>>;
  /** Interfaces that are up (IFF_UP), of those asked for. */
  readonly up: readonly string[];
}

export interface NetworkQuestion {
  /** A routing table of our own. */
  readonly table: number;
  readonly destinations: readonly Address[];
  readonly interfaces: readonly string[];
  /** Whether IPv6 has rules and a table to be looked at, or a file that is there if it may have. */
  readonly ipv6: boolean | { readonly ifThereIs: string };
}

/**
 * `ip -batch` is one fork for all; busybox has no batches, and there each is asked alone. A table that does not exist and an
 * address that cannot be reached are errors to `ip`, which say what there is to know. A batch has one family for its rules.
 */
export const networkFact: Fact<NetworkQuestion, NetworkFacts> = {
  name: 'network',
  script({ table, destinations, interfaces, ipv6 }) {
    const ofFamily = ['rule show', `route show table ${table}`];
    const asked = ['addr show', ...destinations.map((address) => `route get ${address}`), ...ofFamily];
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
if ${typeof ipv6 === 'boolean' ? ipv6 : `[ -e ${quote(ipv6.ifThereIs)} ]`}; then
if [ -z "$alone" ]; then ip -6 -o -force -batch - 2>/dev/null <<ASKED
${ofFamily.join('\n')}
ASKED
else
${ofFamily.map((words) => `ip -6 -o ${words} 2>/dev/null`).join('\n')}
fi
fi
:`;
  },
  parse(printed) {
    const lines = linesOf(printed);
    return {
      addresses: lines.flatMap(addressOf),
      rules: lines.flatMap(ruleOf),
      returnVias: lines.flatMap((line) => parseAddress(/^default via (\S+)/.exec(line)?.[1] ?? '') ?? []),
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

function wayOf(line: string): [Address, Way][] {
  const [, to = '', via, device = ''] =
    /^(?:local )?([0-9a-f.:]+)(?: from \S+)?(?: via (\S+))? dev (\S+)/.exec(line) ?? [];
  const address = parseAddress(to);
  if (address === undefined || line.startsWith('local ')) return [];
  const advertised = / proto ra /.test(line) ? { advertised: true as const } : {};
  return [[address, { device, via: via === undefined ? null : (parseAddress(via) ?? null), ...advertised }]];
}
