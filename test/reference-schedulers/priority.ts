/** fo and ovf: the greatest weight comes first (net/netfilter/ipvs/ip_vs_fo.c, ip_vs_ovf.c). */
import { type Algorithm, first, isAvailable, memoryless, type Server } from './scheduler.ts';

const heavier = (one: Server, best: Server): boolean => one.weight > best.weight;

/** fo: all go to the greatest weight that is available. */
export const fo: Algorithm<undefined> = memoryless((servers) => first(servers, isAvailable, heavier));

/** ovf: to the greatest weight, until it has more active connections than its weight; then to the next. */
export const ovf: Algorithm<undefined> = memoryless((servers) =>
  first(servers, (server) => isAvailable(server) && server.active <= server.weight, heavier),
);
