/** Rules that packets to this host meet (INPUT acts before IPVS does). Asked only where a filter table is in use. */
import { type Fact, linesOf } from './fact.ts';

export interface FirewallFacts {
  /** `iptables -S INPUT`, line by line; null where iptables filters nothing. */
  readonly input: readonly string[] | null;
  /** The command that made them: the other flavour would make a table beside theirs. */
  readonly program: 'iptables' | 'iptables-legacy';
}

export const firewallFact: Fact<null, FirewallFacts> = {
  name: 'firewall',
  script: () => `filter=
[ ! -r /proc/net/ip_tables_names ] || while read -r v; do [ "$v" != filter ] || filter=1; done </proc/net/ip_tables_names
if [ -n "$filter" ]; then
  if [ -x /usr/sbin/iptables-legacy ]; then
    echo legacy
    /usr/sbin/iptables-legacy -S INPUT 2>/dev/null
  else iptables -S INPUT 2>/dev/null; fi
fi
:`,
  parse(printed) {
    const lines = linesOf(printed);
    const rules = lines.filter((line) => line.startsWith('-'));
    return {
      input: rules.length === 0 ? null : rules,
      program: lines[0] === 'legacy' ? 'iptables-legacy' : 'iptables',
    };
  },
};
