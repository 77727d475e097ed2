/** Who has an address that is to be ours: neighbours that answered, told apart. Pure. */
import { type Address, familyOf } from '../wire/address.ts';
import type { InstanceSetup } from './instance-setup.ts';
import type { Surroundings } from './tracking.ts';
import { askedOn } from './virtual-mac.ts';

/** A neighbour says that it has an address; one of our own MACs never does. */
export interface Claim {
  readonly interface: string;
  readonly address: Address;
  /** null: it does not say under which MAC. */
  readonly mac: string | null;
}

/** What is asked for on one interface. */
export interface Asked {
  readonly interface: string;
  /** To be ours. */
  readonly wanted: readonly Address[];
  /** Whose answers tell who is who: one of our own, and those of the other directors. */
  readonly telling: readonly Address[];
}

/** @param vips of every instance: on them nobody is known */
export function askedFor(
  addresses: readonly Address[],
  setup: InstanceSetup,
  { interfaces }: Pick<Surroundings, 'interfaces'>,
  vips: ReadonlySet<Address>,
): Asked[] {
  const isUsable = (address: Address): boolean => familyOf(address) === setup.family && !vips.has(address);
  const wanted = setup.addresses.filter(({ address }) => addresses.includes(address));
  return [...Map.groupBy(wanted, (one) => askedOn(setup, one))].map(([on, ours]) => {
    const own = interfaces[on]?.addresses.find(isUsable) ?? [];
    const telling = [own, setup.neighbours.filter(isUsable)].flat();
    return { interface: on, wanted: ours.map(({ address }) => address), telling };
  });
}

/**
 * Those who claim a wanted address and are neither a director nor a router that answers for every address. A director is known
 * by the MAC that answers for an address of its own, or by the virtual one, the router by the one that answers for ours.
 */
export function foreignOwners(
  claims: readonly Claim[],
  asked: readonly Asked[],
  { virtualMac }: Pick<InstanceSetup, 'virtualMac'>,
): Claim[] {
  return asked.flatMap(({ interface: on, wanted, telling }) => {
    const here = claims.filter((one) => one.interface === on);
    const told = here.flatMap(({ address, mac }) => (telling.includes(address) ? (mac ?? []) : []));
    const known = new Set([...told, virtualMac?.mac]);
    return here.filter(({ address, mac }) => wanted.includes(address) && (mac === null || !known.has(mac)));
  });
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
