/** SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, with one round a block and three at the end). */

type State = readonly [bigint, bigint, bigint, bigint];

const word = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotated = (value: bigint, bits: bigint): bigint => word((value << bits) | (value >> (64n - bits)));

/** @param key its two halves, each read as a little-endian number */
export function sipHash13(bytes: Uint8Array, [low, high]: readonly [bigint, bigint]): bigint {
  let state: State = [
    low ^ 0x736f_6d65_7073_6575n,
    high ^ 0x646f_7261_6e64_6f6dn,
    low ^ 0x6c79_6765_6e65_7261n,
    high ^ 0x7465_6462_7974_6573n,
  ];
  for (const block of blocksOf(bytes)) {
    const [a, b, c, d] = round([state[0], state[1], state[2], state[3] ^ block]);
    state = [a ^ block, b, c, d];
  }
  const [a, b, c, d] = round(round(round([state[0], state[1], state[2] ^ 0xffn, state[3]])));
  return a ^ b ^ c ^ d;
}

/** Eight bytes each, little-endian; the last has the length in its highest byte. */
function blocksOf(bytes: Uint8Array): bigint[] {
  const padded = new Uint8Array((Math.floor(bytes.length / 8) + 1) * 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  const view = new DataView(padded.buffer);
  return Array.from({ length: padded.length / 8 }, (_, index) => view.getBigUint64(8 * index, true));
}

function round([a, b, c, d]: State): State {
  const a1 = word(a + b);
  const b1 = rotated(b, 13n) ^ a1;
  const c1 = word(c + d);
  const d1 = rotated(d, 16n) ^ c1;
  const a2 = word(rotated(a1, 32n) + d1);
  const d2 = rotated(d1, 21n) ^ a2;
  const c2 = word(c1 + b1);
  const b2 = rotated(b1, 17n) ^ c2;
  return [a2, b2, rotated(c2, 32n), d2];
}
