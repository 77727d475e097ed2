/** lblc and lblcr: what goes to one destination address stays on one server, or a set (net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c). */
import { weightedLeast } from './least-connection.ts';
import type { Algorithm, Server } from './scheduler.ts';

/** Servers of a destination address, as indexes. An entry lives six minutes at the least, longer than anything compared here. */
type Places<Entry> = Readonly<Record<string, Entry>>;

/** More connections than its weight, while another has fewer than half of its own weight. */
function isOverloaded(server: Server, servers: readonly Server[]): boolean {
  return server.active > server.weight && servers.some(({ active, weight }) => active * 2 < weight);
}

/** lblc: the server that the address had before, unless it is quiesced or overloaded; else by wlc, and remembered. */
export const lblc: Algorithm<Places<number>> = {
  begin: {},
  choose(memory, servers, { destination }) {
    const known = memory[destination];
    const server = known === undefined ? undefined : servers[known];
    if (server !== undefined && server.weight > 0 && !isOverloaded(server, servers)) return { chosen: known, memory };
    const chosen = weightedLeast(servers);
    return { chosen, memory: chosen === undefined ? memory : { ...memory, [destination]: chosen } };
  },
};

/** lblcr: by wlc among the servers that the address had before; when the best of them is overloaded, another joins them. */
export const lblcr: Algorithm<Places<readonly number[]>> = {
  begin: {},
  choose(memory, servers, { destination }) {
    const set = memory[destination] ?? [];
    const known = leastOfSet(servers, set);
    const server = known === undefined ? undefined : servers[known];
    if (server !== undefined && !isOverloaded(server, servers)) return { chosen: known, memory };
    const chosen = weightedLeast(servers);
    if (chosen === undefined) return { chosen, memory };
    const joined = set.includes(chosen) ? set : [chosen, ...set];
    return { chosen, memory: { ...memory, [destination]: joined } };
  },
};

/** The newest member is first, so ties are its. */
function leastOfSet(servers: readonly Server[], set: readonly number[]): number | undefined {
  const members = set.flatMap((index) => servers[index] ?? []);
  const place = weightedLeast(members);
  return place === undefined ? undefined : set[place];
}
