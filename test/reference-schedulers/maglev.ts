/**
 * mh: Maglev hashing (net/netfilter/ipvs/ip_vs_mh.c; the algorithm: Eisenbud et al., "Maglev: A Fast and Reliable Software
 * Network Load Balancer", NSDI 2016, section 3.4).
 */
import { type HashFlags, numberOf } from './hashing.ts';
import { type Algorithm, memoryless, type Server, takes } from './scheduler.ts';
import { sipHash13 } from './siphash.ts';

/** The fifth of the kernel's primes: CONFIG_IP_VS_MH_TAB_INDEX is 12, as distributions leave it. */
const TABLE_SIZE = 4093;
/** Half of that index: weights are shifted to as many bits. */
const WEIGHT_BITS = 6;
/** Both halves of the two keys. */
const FIRST_KEY = 2_654_435_761n;
const SECOND_KEY = 2_654_446_892n;

export function mh({ port, fallback }: HashFlags): Algorithm<undefined> {
  const tables = new Map<string, readonly number[]>();
  return memoryless((servers, { source, sourcePort }) => {
    const known = JSON.stringify(servers.map(({ address, port, ...rest }) => [address, port, lastWeightOf(rest)]));
    const table = tables.get(known) ?? populate(servers);
    tables.set(known, table);
    const sum = numberOf(source) + (port ? sourcePort : 0);
    const start = hashed(sum, FIRST_KEY) % TABLE_SIZE;
    for (let offset = -1; offset < (fallback ? TABLE_SIZE : 0); offset += 1) {
      // first where it belongs; then on from there, each offset hashed again
      const place = offset < 0 ? start : hashed(sum + ((start + offset) % TABLE_SIZE), FIRST_KEY) % TABLE_SIZE;
      const index = table[place];
      if (takes(servers, index)) return index;
    }
    return undefined;
  });
}

/** The lookup table: servers take turns to claim the next free place of their own permutation, as many as their weight at a turn. */
function populate(servers: readonly Server[]): number[] {
  const table: (number | undefined)[] = new Array(TABLE_SIZE).fill(undefined);
  const claims = servers.map(claimsOf);
  const turns = turnsOf(servers.map(lastWeightOf));
  let free = turns.some((count) => count > 0) ? TABLE_SIZE : 0;
  while (free > 0) {
    for (const [index, count] of turns.entries()) {
      for (let turn = 0; turn < count && free > 0; turn += 1, free -= 1) {
        let place = claims[index]?.() ?? 0;
        while (table[place] !== undefined) place = claims[index]?.() ?? 0;
        table[place] = index;
      }
    }
  }
  return table.flatMap((index) => (index === undefined ? [] : [index]));
}

/** The places that a server would like, one after another. */
function claimsOf({ address, port }: Server): () => number {
  const sum = numberOf(address) + port;
  const skip = (hashed(sum, SECOND_KEY) % (TABLE_SIZE - 1)) + 1;
  let next = hashed(sum, FIRST_KEY) % TABLE_SIZE;
  return () => {
    const place = next;
    next = (next + skip) % TABLE_SIZE;
    return place;
  };
}

/** Weights divided by their greatest common divisor, shifted so that the greatest has no more than six bits; 1 at the least. */
function turnsOf(weights: readonly number[]): number[] {
  const divisor = weights.reduce(gcd, 0);
  if (divisor === 0) return weights.map(() => 0);
  const shift = Math.max(0, Math.floor(Math.log2(Math.max(...weights) / divisor)) + 1 - WEIGHT_BITS);
  return weights.map((weight) => (weight === 0 ? 0 : Math.max(1, (weight / divisor) >> shift)));
}

function lastWeightOf({ weight, lastWeight = weight }: Pick<Server, 'weight' | 'lastWeight'>): number {
  return weight > 0 ? weight : lastWeight;
}

/** The sum as an unsigned 32-bit number in the machine's order (hsiphash of four bytes on a 64-bit kernel). */
function hashed(sum: number, key: bigint): number {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, sum % 2 ** 32, true);
  return Number(BigInt.asUintN(32, sipHash13(bytes, [key, key])));
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
