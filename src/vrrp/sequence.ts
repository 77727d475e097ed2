/**
 * The sequence of signed advertisements (src/wire/vrrp-hmac.ts) as time: 48 bits count 1/65536 of a second since 1970, the 16 below
 * tell advertisements of one moment apart. Both wrap in 2106, so all is compared by difference (RFC 1982). Pure.
 */

const TICKS_PER_MS = 65.536;

/** The first one of a moment, epoch ms. */
export function sequenceAt(epochMs: number): bigint {
  return BigInt.asUintN(64, BigInt(Math.floor(epochMs * TICKS_PER_MS)) << 16n);
}

export function following(sequence: bigint): bigint {
  return BigInt.asUintN(64, sequence + 1n);
}

export function isAfter(one: bigint, other: bigint): boolean {
  return BigInt.asIntN(64, one - other) > 0n;
}

/** How far its time is ahead of a moment; negative: behind. */
export function aheadMs(sequence: bigint, epochMs: number): number {
  return Number(BigInt.asIntN(48, (sequence - sequenceAt(epochMs)) >> 16n)) / TICKS_PER_MS;
}
