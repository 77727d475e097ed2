/** HMAC-SHA256 (RFC 2104) behind a datagram: 32 bytes over all before them. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const SEAL_BYTES = 32;

export function sealed(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, sealOf(bytes, key)]);
}

/** What is in it, or undefined when none of the keys has sealed it. Takes the same time wherever a seal differs. */
export function opened(datagram: Uint8Array, keys: readonly Uint8Array[]): Uint8Array | undefined {
  if (datagram.length < SEAL_BYTES) return undefined;
  const bytes = datagram.subarray(0, -SEAL_BYTES);
  const seal = datagram.subarray(-SEAL_BYTES);
  return keys.some((key) => timingSafeEqual(sealOf(bytes, key), seal)) ? bytes : undefined;
}

function sealOf(bytes: Uint8Array, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

/** SHA-256 in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
