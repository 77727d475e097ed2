/** Who else speaks for a virtual router: directors like us, which hand over as we do, and foreign speakers, which do not. */
import type { Address } from '../wire/address.ts';
import type { InstanceSetup } from './instance-setup.ts';

/** One whose link-local address only it knows is taken for a director, unless it is known to be foreign. */
export function isManaged({ managed, peers, unnamed }: InstanceSetup, source: Address): boolean {
  return managed.includes(source) || (unnamed > 0 && !peers.includes(source));
}

/** Nobody is known of who could take over. */
export function speaksAlone({ peers, unnamed }: InstanceSetup): boolean {
  return peers.length + unnamed === 0;
}
