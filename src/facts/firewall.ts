/** Rules that packets to this host meet (INPUT acts before IPVS does). Asked only where a filter table is in use. */
import { type Fact, linesOf } from './fact.ts';

export interface FirewallFacts {
  /** `iptables -S INPUT`, line by line; null where iptables filters nothing. */
  readonly input: readonly string[] | null;
}

export const firewallFact: Fact<null, FirewallFacts> = {
  name: 'firewall',
  script: () => `filter=
[ ! -r /proc/net/ip_tables_names ] || while read -r v; do [ "$v" != filter ] || filter=1; done </proc/net/ip_tables_names
if [ -n "$filter" ]; then
  if [ -x /usr/sbin/iptables-legacy ]; then /usr/sbin/iptables-legacy -S INPUT 2>/dev/null
  else iptables -S INPUT 2>/dev/null; fi
fi
:`,
  parse(printed) {
    const lines = linesOf(printed);
    return { input: lines.length === 0 ? null : lines };
  },
};
