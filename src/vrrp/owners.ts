/** Who has an address that is to be ours: neighbours that answered, told apart. Pure. */
import type { Address } from '../wire/address.ts';
import type { InstanceSetup } from './instance.ts';
import type { Surroundings } from './tracking.ts';
import { askedOn } from './virtual-mac.ts';

/** A neighbour says that it has an address; one of our own MACs never does. */
export interface Claim {
  readonly interface: string;
  readonly address: Address;
  /** null: it does not say under which MAC. */
  readonly mac: string | null;
}

/**
 * Those who claim one of the addresses and are neither a director nor a router that answers for every address. A director is
 * known by the MAC that answers for an address of its own, the router by the one that answers for ours.
 */
export function foreignOwners(
  claims: readonly Claim[],
  addresses: readonly Address[],
  setup: InstanceSetup,
  { interfaces }: Pick<Surroundings, 'interfaces'>,
): Claim[] {
  const isOurs = ({ address, interface: on }: Claim): boolean =>
    addresses.includes(address) && setup.addresses.some((one) => one.address === address && askedOn(setup, one) === on);
  const isTelling = ({ address, interface: on }: Claim): boolean =>
    setup.neighbours.includes(address) || (interfaces[on]?.addresses.includes(address) ?? false);
  const known = new Set(claims.filter((one) => !isOurs(one) && isTelling(one)).map(keyOf));
  return claims.filter((one) => isOurs(one) && !(one.mac !== null && known.has(keyOf(one))));
}

function keyOf({ interface: on, mac }: Claim): string {
  return `${on} ${mac}`;
}

/** Of the addresses of one owner. */
const MOST_SHOWN = 3;

/** One sentence an owner and interface. */
export function ownerFaults(owners: readonly Claim[]): string[] {
  return [...Map.groupBy(owners, keyOf).values()].map((claims) => {
    const { interface: on = '', mac = null } = claims[0] ?? {};
    const shown = claims.slice(0, MOST_SHOWN).map(({ address }) => address);
    const more = claims.length > MOST_SHOWN ? ` and ${claims.length - MOST_SHOWN} more` : '';
    const who = mac === null ? 'a neighbour that does not tell its MAC' : mac;
    const [verb, it] = claims.length === 1 ? ['is', 'it'] : ['are', 'them'];
    return `${shown.join(' ')}${more} on ${on} ${verb} in use by ${who}, which answers for ${it} and is no director`;
  });
}
