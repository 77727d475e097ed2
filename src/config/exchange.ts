/** Where the agents of a cluster's directors tell each other which configuration and which drains they know. */
import type { Address } from '../wire/address.ts';
import type { Config } from './config.ts';

/** UDP, on each director's first own address. 8112: VRRP is IP protocol 112. */
export const EXCHANGE_PORT = 8112;

/** How long an agent that starts waits for a word of another one, once, before it may become MASTER. */
export const WAIT_FOR_PEERS_MS = 2_000;

export interface ExchangePoint {
  readonly director: string;
  readonly address: Address;
}

/** Every director with an address of its own: where it speaks from and is spoken to. */
export function exchangePoints({ directors }: Config): ExchangePoint[] {
  return directors.flatMap(({ name, dips }) =>
    dips.slice(0, 1).map(({ address }): ExchangePoint => ({ director: name, address })),
  );
}

/**
 * The file of the key that all directors of a cluster share: its fingerprint, which may be shown and read alone, and 32 bytes
 * in hex, which may not.
 * @param digest SHA-256 in hex; handed in, because this folder is pure
 */
export function keyFileText(hex: string, digest: (text: string) => string): string {
  return `${fingerprintOf(hex, digest)}\n${hex}\n`;
}

/** The key in a file's text, or undefined where it is damaged. */
export function keyInFile(text: string, digest: (text: string) => string): { id: string; hex: string } | undefined {
  const [id, hex = ''] = text.split('\n');
  return /^[0-9a-f]{64}$/.test(hex) && id === fingerprintOf(hex, digest) ? { id, hex } : undefined;
}

function fingerprintOf(hex: string, digest: (text: string) => string): string {
  return digest(hex).slice(0, 32);
}
