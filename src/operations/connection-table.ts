/** A connection table of another size than is wanted: no command can change it while IPVS runs, so an operator must know of it. */
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';

/** Sentences without the host's name in front. */
export function connectionTableWarnings({ director }: Wanted, { connectionTable }: HostFacts): string[] {
  const wanted = director?.connectionTableBits ?? null;
  const { bits, builtIn } = connectionTable;
  if (wanted === null || bits === null || bits === wanted) return [];
  const how = builtIn
    ? `ip_vs is built into this kernel, which takes the size from its command line only: add ip_vs.conn_tab_bits=${wanted} there, and reboot`
    : `the size is fixed while ip_vs is loaded, and the next boot brings the new one: reboot`;
  return [
    `IPVS runs with a connection table of 2^${bits} buckets, and the topology asks for 2^${wanted}; ${how} this director once another one is MASTER (lvsctl failover); it serves as it is until then.`,
  ];
}
