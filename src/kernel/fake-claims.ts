/** Neighbours that a test speaks for. */
import type { Family } from '../wire/address.ts';
import type { Claim, ClaimListener } from './claims.ts';
import type { KernelError } from './kernel-error.ts';

export class FakeClaims implements ClaimListener {
  readonly #open = new Map<string, (claim: Claim) => void>();
  /** Why nobody can be heard. */
  problem: KernelError | undefined;

  listen(interfaceName: string, family: Family, onClaim: (claim: Claim) => void): (() => void) | KernelError {
    if (this.problem !== undefined) return this.problem;
    const key = `${interfaceName} ${family}`;
    this.#open.set(key, onClaim);
    return () => this.#open.delete(key);
  }

  /** `interface family` of those that are listened to. */
  get listening(): readonly string[] {
    return [...this.#open.keys()].sort();
  }

  say(claim: Claim): void {
    const family = claim.address.includes(':') ? 6 : 4;
    this.#open.get(`${claim.interface} ${family}`)?.(claim);
  }
}
