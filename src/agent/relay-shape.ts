/** The shape of the relays that are kept on disk. */
import type { RelayOrder } from '../balancer/relay.ts';
import { type Address, parseAddress } from '../wire/address.ts';
import { decimal, list, matching, object, type Shape, text } from './shape.ts';

export const relayOrdersShape: Shape<readonly RelayOrder[]> = list(
  object({
    instance: text,
    director: text,
    to: matching<Address>((value) => parseAddress(value) === value, 'an IP address in canonical form'),
    since: decimal(0, Number.MAX_SAFE_INTEGER),
  }),
);
