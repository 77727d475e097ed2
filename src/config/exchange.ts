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
