/** sh and dh: a table of 256 places, filled from the list of servers (net/netfilter/ipvs/ip_vs_sh.c, ip_vs_dh.c). */
import { type Algorithm, memoryless, type Server, takes } from './scheduler.ts';

/** CONFIG_IP_VS_SH_TAB_BITS and CONFIG_IP_VS_DH_TAB_BITS, as distributions leave them. */
const TABLE_BITS = 8;
const TABLE_SIZE = 1 << TABLE_BITS;
/** GOLDEN_RATIO_32 of include/linux/hash.h. */
const GOLDEN_RATIO = 0x61c8_8647;

/** hash_32 of include/linux/hash.h, with as many bits as the table has. */
function hash(value: number): number {
  return Math.imul(value, GOLDEN_RATIO) >>> (32 - TABLE_BITS);
}

/** IPv4 as a number, the first byte the greatest. */
export function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

export interface HashFlags {
  /** The source port counts too. */
  readonly port: boolean;
  /** Clients of a server that is not available get another one. */
  readonly fallback: boolean;
}

/** sh: each server has as many places as its weight, one after another (at weight 0 one, that refuses), again and again. */
export function sh({ port, fallback }: HashFlags): Algorithm<undefined> {
  return memoryless((servers, { source, sourcePort }) => {
    const table = filled(servers, ({ weight }) => Math.max(1, weight));
    const key = hash((port ? sourcePort : 0) + numberOf(source));
    const at = (offset: number) => table[(offset + key) % TABLE_SIZE];
    const places = [0, ...(fallback ? table.map((_, offset) => offset + key) : [])];
    return places.map(at).find((index) => takes(servers, index));
  });
}

/** dh: by the destination address; every server has as many places as any other. */
export const dh: Algorithm<undefined> = memoryless((servers, { destination }) => {
  const index = filled(servers, () => 1)[hash(numberOf(destination))];
  return takes(servers, index) ? index : undefined;
});

/** For each place of the table the index of its server. */
function filled(servers: readonly Server[], placesOf: (server: Server) => number): number[] {
  const round = servers.flatMap((server, index) => new Array<number>(placesOf(server)).fill(index));
  return Array.from({ length: round.length === 0 ? 0 : TABLE_SIZE }, (_, place) => round[place % round.length] ?? 0);
}
