/** Random numbers that come again for the same seed, where a property test of fast-check would be too slow. */

/** @returns whole numbers from 0 to `below` − 1 (xorshift of 32 bits) */
export function seededRandom(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export type Random = ReturnType<typeof seededRandom>;

export function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[random(values.length)] as Value;
}
