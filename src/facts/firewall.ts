/** What packets to this host meet: iptables and nftables, IPv4 and IPv6. Asked only where a filter table is in use. */
import { type Fact, linesOf } from './fact.ts';
import type { InputFilter } from './input-filter.ts';
import { iptablesFilter } from './iptables-rules.ts';
import { nftablesFilter } from './nftables-rules.ts';

export interface FirewallFacts {
  /** Each by itself must let in what is to come in. */
  readonly filters: readonly InputFilter[];
}

/**
 * A fork for each table that filters; and one to ask nftables for its chains, where the kernel may have some. Kernels that have
 * netfilter as modules have nf_tables as one: it is loaded when somebody asks for it, and each rule refers to it (a chain that
 * drops all without a rule would not let us in either). What iptables keeps in nftables, nft can show but not explain.
 */
export const firewallFact: Fact<null, FirewallFacts> = {
  name: 'firewall',
  script: () => `for n in ip ip6; do
  f=
  [ ! -r "/proc/net/\${n}_tables_names" ] || while read -r v; do [ "$v" != filter ] || f=1; done <"/proc/net/\${n}_tables_names"
  if [ -n "$f" ]; then
    p=\${n}tables
    [ ! -x "/usr/sbin/$p-legacy" ] || p=$p-legacy
    echo "table $p"
    "$p" -S 2>/dev/null
  fi
done
read -r v </proc/sys/kernel/osrelease
n=1
if [ -r /sys/module/nf_tables/refcnt ]; then read -r n </sys/module/nf_tables/refcnt
elif [ -d "/lib/modules/$v/kernel/net/netfilter" ]; then n=0; fi
if [ "$n" != 0 ] && command -v nft >/dev/null; then
  nft list chains 2>/dev/null | while read -r a b c d; do
    case $a in
      table) f=$b t=$c ;;
      chain) h=$b ;;
      type)
        case "$f $b $c $d" in
          'ip filter hook input '* | 'ip6 filter hook input '* | 'inet filter hook input '*)
            if [ "$t $h" = 'filter INPUT' ] && [ -x "/usr/sbin/\${f}tables-nft" ]; then
              echo "table \${f}tables-nft"
              "\${f}tables-nft" -S 2>/dev/null
            else
              echo "chain $f $t $h"
              { nft -t -j list table "$f" "$t" || nft -j list table "$f" "$t"; } </dev/null 2>/dev/null
            fi ;;
        esac ;;
    esac
  done
fi
:`,
  parse(printed) {
    const parts = sections(linesOf(printed));
    return { filters: parts.flatMap(({ head, lines }) => filterOf(head, lines) ?? []) };
  },
};

interface Section {
  readonly head: readonly string[];
  readonly lines: string[];
}

function sections(lines: readonly string[]): Section[] {
  const found: Section[] = [];
  for (const line of lines) {
    if (/^(table|chain) /.test(line)) found.push({ head: line.split(' '), lines: [] });
    else found.at(-1)?.lines.push(line);
  }
  return found;
}

function filterOf([kind, ...names]: readonly string[], lines: readonly string[]): InputFilter | undefined {
  const [one = '', table = '', base = ''] = names;
  return kind === 'table' ? iptablesFilter(one, lines) : nftablesFilter(one, table, base, lines.join('\n'));
}
