/** lc, wlc, sed and nq: by the number of connections (net/netfilter/ipvs/ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c). */
import { type Algorithm, first, isAvailable, memoryless, type Server } from './scheduler.ts';

/** An established connection weighs as much as 256 others (ip_vs_dest_conn_overhead in include/net/ip_vs.h). */
function overhead({ active, inactive }: Server): number {
  return active * 256 + inactive;
}

/** Least load for its weight; of fractions the products are compared, as the kernel does. */
function lighter(load: (server: Server) => number): (one: Server, best: Server) => boolean {
  return (one, best) => load(one) * best.weight < load(best) * one.weight;
}

/** The weighted least-connection server of some; what wlc, lblc and lblcr choose by. */
export function weightedLeast(
  servers: readonly Server[],
  isMember: (index: number) => boolean = () => true,
): number | undefined {
  return first(servers, (server, index) => isMember(index) && isAvailable(server), lighter(overhead));
}

/** lc: the least overhead, whatever the weights above 0. */
export const lc: Algorithm<undefined> = memoryless((servers) =>
  first(servers, isAvailable, (one, best) => overhead(one) < overhead(best)),
);

/** wlc: the least overhead for its weight. */
export const wlc: Algorithm<undefined> = memoryless((servers) => weightedLeast(servers));

/** Of the new connection too: the shortest expected delay is (active + 1) / weight. */
const withNew = ({ active }: Server): number => active + 1;

/** sed: the shortest expected delay; connections that are not established do not count. */
export const sed: Algorithm<undefined> = memoryless((servers) => first(servers, isAvailable, lighter(withNew)));

/** nq: the first that is idle, else as sed. */
export const nq: Algorithm<undefined> = memoryless((servers) => {
  const idle = servers.findIndex((server) => isAvailable(server) && server.active === 0);
  return idle >= 0 ? idle : first(servers, isAvailable, lighter(withNew));
});
