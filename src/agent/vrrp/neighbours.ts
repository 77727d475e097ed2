/** Asks neighbours who has an address, and listens to them only as long as somebody is to answer. */
import type { Addresses } from '../../kernel/addresses.ts';
import type { FrameSender } from '../../kernel/arp.ts';
import type { Claim, ClaimListener } from '../../kernel/claims.ts';
import { KernelError } from '../../kernel/kernel-error.ts';
import { type Address, type Family, familyOf } from '../../wire/address.ts';
import { arpProbe } from '../../wire/arp.ts';
import { duplicateSolicitation } from '../../wire/ndp.ts';
import { type Log, onChange } from './log.ts';

export interface NeighboursOptions {
  readonly frames: FrameSender;
  readonly listener: ClaimListener;
  readonly addresses: Pick<Addresses, 'links'>;
  readonly log: Log;
  /** Never of an interface of our own. */
  readonly onClaim: (claim: Claim) => void;
}

interface Asked {
  readonly interface: string;
  readonly family: Family;
}

export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #say: ReturnType<typeof onChange>;
  /** What stops listening, by interface and family. */
  readonly #listening = new Map<string, () => void>();

  constructor(options: NeighboursOptions) {
    this.#options = options;
    this.#say = onChange(options.log);
  }

  /** @param addresses - of one family. An interface without neighbours (the loopback, a tunnel) is not asked. */
  ask(interfaceName: string, addresses: readonly Address[]): void {
    const { frames } = this.#options;
    const mac = frames.macOf(interfaceName);
    const [first] = addresses;
    if (mac === undefined || first === undefined) return;
    this.#listen({ interface: interfaceName, family: familyOf(first) });
    for (const address of addresses) {
      const frame = familyOf(address) === 4 ? arpProbe(mac, address) : duplicateSolicitation(mac, address);
      this.#say(`probes on ${interfaceName}`, 'warning', frames.sendFrame(interfaceName, frame)?.message);
    }
  }

  /** Stops listening where nobody is asked any more. */
  follow(asked: readonly Asked[]): void {
    const wanted = new Set(asked.map(keyOf));
    for (const [key, stop] of this.#listening) {
      if (wanted.has(key)) continue;
      stop();
      this.#listening.delete(key);
    }
  }

  #listen(asked: Asked): void {
    if (this.#listening.has(keyOf(asked))) return;
    const { listener, onClaim } = this.#options;
    const hear = (claim: Claim): void => {
      if (!this.#isOwn(claim)) onClaim(claim);
    };
    const stop = listener.listen(asked.interface, asked.family, hear);
    const problem = stop instanceof KernelError ? stop : undefined;
    this.#say(`hearing of neighbours on ${asked.interface}`, 'warning', problem?.message);
    if (!(stop instanceof KernelError)) this.#listening.set(keyOf(asked), stop);
  }

  /** A second interface in the same network answers for what we have, and a loop brings back what we said. */
  #isOwn({ mac }: Claim): boolean {
    return this.#options.addresses.links().some((link) => link.mac === mac);
  }
}

function keyOf({ interface: on, family }: Asked): string {
  return `${on} ${family}`;
}
