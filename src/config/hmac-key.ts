/**
 * The shared key of signed advertisements, as it stands in a topology or the file it names: what follows `key` in keepalived.conf.
 * `hex:` and digits, with the key's number before it (`2 hex:00…`) or without, or a passphrase. Pure.
 */

export interface HmacKey {
  /** 1–255, in each advertisement: tells receivers which of their keys to look with. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** As keepalived has it: half of a key's strength is left against a quantum computer, hence no fewer. */
const [FEWEST, MOST] = [32, 64] as const;

const HEX = /^(?:(\d{1,3})[ \t]+)?hex:([0-9a-f]*)$/i;

/** What can be a key, in words. */
export const HMAC_KEY = '32 to 64 bytes: hex:… with or without a number from 1 to 255 before it, or a passphrase';

/** @returns the key, or what is wrong with it: a sentence's end that tells nothing of it */
export function hmacKey(text: string): HmacKey | { readonly problem: string } {
  const [, number, digits] = HEX.exec(text.trim()) ?? [];
  if (digits !== undefined && digits.length % 2 === 1) return { problem: 'has half a byte' };
  const bytes = digits === undefined ? new TextEncoder().encode(text) : bytesOf(digits);
  if (bytes.length < FEWEST || bytes.length > MOST) return { problem: `has ${bytes.length} bytes` };
  const id = number === undefined ? idOf(bytes) : Number(number);
  if (id < 1 || id > 255) return { problem: `has number ${id}` };
  return { id, bytes };
}

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** Another key mostly has another number without anybody counting: FNV-1a (draft-eastlake-fnv), folded. */
function idOf(bytes: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return 1 + ((hash >>> 0) % 255);
}
