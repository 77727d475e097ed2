/**
 * What the kernel's IPVS schedulers are defined to do, as pure functions: what real answers are compared with. One file for
 * each family; every algorithm names the kernel file that defines it.
 */

/** A destination of a service (struct ip_vs_dest), as far as schedulers look at it. */
export interface Server {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** 0: quiesced. */
  readonly weight: number;
  /** The last weight above 0 that it had; what mh builds its table with. @default weight */
  readonly lastWeight?: number;
  /** Connections that are established. */
  readonly active: number;
  /** Connections in any other state. */
  readonly inactive: number;
  /** It has reached its upper threshold, and not come down to its lower one since. */
  readonly isOverloaded: boolean;
}

/** The first packet of a connection. */
export interface Packet {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
}

/** An algorithm and what it remembers between two connections. */
export interface Algorithm<Memory> {
  readonly begin: Memory;
  /** @param servers in the kernel's order; @returns the index of the chosen one, undefined when the connection is refused */
  choose(
    memory: Memory,
    servers: readonly Server[],
    packet: Packet,
  ): { readonly chosen: number | undefined; readonly memory: Memory };
}

/** One that remembers nothing. */
export function memoryless(
  choose: (servers: readonly Server[], packet: Packet) => number | undefined,
): Algorithm<undefined> {
  return {
    begin: undefined,
    choose: (_memory, servers, packet) => ({ chosen: choose(servers, packet), memory: undefined }),
  };
}

/** Takes new connections at all. */
export function isAvailable({ weight, isOverloaded }: Server): boolean {
  return weight > 0 && !isOverloaded;
}

/** Whether there is such a server, and it is available. */
export function takes(servers: readonly Server[], index: number | undefined): boolean {
  const server = index === undefined ? undefined : servers[index];
  return server !== undefined && isAvailable(server);
}

/** The first of the least by `isLess`, among those that pass; ties go to the first in the list. */
export function first(
  servers: readonly Server[],
  passes: (server: Server, index: number) => boolean,
  isLess: (one: Server, best: Server) => boolean,
): number | undefined {
  let best: number | undefined;
  for (const [index, server] of servers.entries()) {
    if (!passes(server, index)) continue;
    const leader = best === undefined ? undefined : servers[best];
    if (leader === undefined || isLess(server, leader)) best = index;
  }
  return best;
}

/** Names of the chosen servers (`refused` where there is none), each connection staying established until the end. */
export function simulate<Memory>(
  algorithm: Algorithm<Memory>,
  servers: readonly Server[],
  packets: readonly Packet[],
): string[] {
  let memory = algorithm.begin;
  let now = servers;
  return packets.map((packet) => {
    const step = algorithm.choose(memory, now, packet);
    memory = step.memory;
    now = now.map((server, index) => (index === step.chosen ? { ...server, active: server.active + 1 } : server));
    return step.chosen === undefined ? 'refused' : (now[step.chosen]?.name ?? 'refused');
  });
}
