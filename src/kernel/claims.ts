/** What neighbours say of who has an address: ARP and neighbour advertisements, heard for as long as somebody asks. */
import type { Address, Family } from '../wire/address.ts';
import type { KernelError } from './kernel-error.ts';

/** A neighbour says that it has an address. */
export interface Claim {
  readonly interface: string;
  readonly address: Address;
  /** null: it does not say under which MAC. */
  readonly mac: string | null;
}

export interface ClaimListener {
  /**
   * Hears what is said on an interface from now on, also by ourselves where a loop in the network brings it back.
   * @returns stops; or why it cannot hear
   */
  listen(interfaceName: string, family: Family, onClaim: (claim: Claim) => void): (() => void) | KernelError;
}
