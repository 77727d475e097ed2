/**
 * Who speaks for our VRID and is none of us, or is and says something else than we do. An operator is told; nothing else comes
 * of it, because anybody on the link can send such a packet (RFC 9568 section 9). Pure.
 */
import { type Address, isLinkLocal } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';
import type { DropReason } from './accept.ts';
import type { InstanceSetup } from './instance-setup.ts';

export interface Stranger {
  readonly source: Address;
  /** A director of the topology or one of its peers: it only runs with something else. */
  readonly isKnown: boolean;
  readonly version: 2 | 3;
  readonly priority: number;
  readonly addresses: readonly Address[];
}

/** Packets from beyond a router do not speak on this link, and those from our own address are our own, brought back by a loop. */
const NOT_HERE: readonly DropReason[] = ['ttl', 'own-source'];

/** @param reason why the packet was not believed, or null: it was */
export function strangerIn(
  source: Address,
  advertisement: Advertisement,
  reason: DropReason | null,
  setup: InstanceSetup,
): Stranger | undefined {
  if (reason !== null && NOT_HERE.includes(reason)) return undefined;
  const { version, priority, addresses } = advertisement;
  const isKnown = knows(setup, source);
  const isAlike = version === setup.version && sorted(addresses) === sorted(setup.advertised);
  return isKnown && isAlike ? undefined : { source, isKnown, version, priority, addresses };
}

/** A director's link-local address is known to that director only. */
function knows({ neighbours, unnamed }: InstanceSetup, source: Address): boolean {
  return neighbours.includes(source) || (unnamed > 0 && isLinkLocal(source));
}

function sorted(addresses: readonly Address[]): string {
  return [...addresses].sort().join(' ');
}
