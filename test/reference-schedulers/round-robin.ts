/** rr and wrr: in turn (net/netfilter/ipvs/ip_vs_rr.c, ip_vs_wrr.c). */
import { type Algorithm, isAvailable, type Server } from './scheduler.ts';

/** rr: the next in the list that is available, after the last one; it remembers the last one's place. */
export const rr: Algorithm<number> = {
  begin: -1,
  choose(last, servers) {
    for (let step = 1; step <= servers.length; step += 1) {
      const index = (last + step) % servers.length;
      const server = servers[index];
      if (server !== undefined && isAvailable(server)) return { chosen: index, memory: index };
    }
    return { chosen: undefined, memory: last };
  },
};

interface WrrMark {
  /** Place of the last one; -1: the head of the list. */
  readonly last: number;
  /** What a weight must have in this pass; 0: the first pass has not begun. */
  readonly level: number;
}

/**
 * wrr: passes over the list, each taking the servers whose weight is at least the pass's level; the level falls from the
 * greatest weight to 1, by the greatest common divisor of all weights, and begins again.
 */
export const wrr: Algorithm<WrrMark> = {
  begin: { last: -1, level: 0 },
  choose(mark, servers) {
    const weights = servers.map(({ weight }) => weight);
    const step = Math.max(1, weights.reduce(gcd, 0));
    const top = Math.max(...weights) - (step - 1);
    let { last, level } = { ...mark, level: mark.level || top };
    // a pass from where it stands, one at each level, and the rest of the first
    for (let passes = 0; passes <= top / step + 1; passes += 1) {
      const found = servers.findIndex((server, index) => index > last && reaches(server, level));
      if (found >= 0) return { chosen: found, memory: { last: found, level } };
      last = -1;
      level = level - step <= 0 ? top : level - step;
    }
    return { chosen: undefined, memory: { last, level } };
  },
};

function reaches({ weight, isOverloaded }: Server, level: number): boolean {
  return weight >= level && weight > 0 && !isOverloaded;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
