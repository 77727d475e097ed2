/** Addresses that a director holds by itself, without VRRP: there while the process lives, gone a minute after it died for good. */
import type { Clock } from '../../kernel/clock.ts';
import type { VirtualAddress } from '../../vrrp/instance-setup.ts';
import type { VirtualAddresses } from './addresses.ts';

const LIFETIME_SECONDS = 60;
const RENEW_MS = 20_000;
const ANNOUNCEMENTS = 5;

export class HeldAddresses {
  readonly #addresses: VirtualAddresses;
  readonly #clock: Clock;
  #held: readonly VirtualAddress[] = [];
  #cancel: () => void = () => undefined;

  constructor(addresses: VirtualAddresses, clock: Clock) {
    this.#addresses = addresses;
    this.#clock = clock;
  }

  follow(wanted: readonly VirtualAddress[]): void {
    this.#addresses.release(this.#held.filter((one) => !wanted.some((other) => isSame(one, other))));
    const fresh = wanted.filter((one) => !this.#held.some((other) => isSame(one, other)));
    this.#held = wanted;
    this.#addresses.hold(wanted, LIFETIME_SECONDS);
    this.#addresses.announce(fresh, ANNOUNCEMENTS, 0);
    this.#arm();
  }

  /** Puts back what someone deleted. @param present whether the kernel has it. */
  mend(present: (one: VirtualAddress) => boolean): void {
    const missing = this.#held.filter((one) => !present(one));
    this.#addresses.hold(missing, LIFETIME_SECONDS);
    this.#addresses.announce(missing, 1, 0);
  }

  /** @param release whether the addresses go, or stay for the next process. */
  stop(release: boolean): void {
    this.#cancel();
    const held = this.#held;
    this.#held = []; // what goes now is not to come back
    if (release) this.#addresses.release(held);
  }

  #arm(): void {
    this.#cancel();
    if (this.#held.length === 0) return;
    this.#cancel = this.#clock.setTimer(this.#clock.now() + RENEW_MS, () => {
      this.#addresses.hold(this.#held, LIFETIME_SECONDS);
      this.#arm();
    });
  }
}

function isSame(one: VirtualAddress, other: VirtualAddress): boolean {
  return one.address === other.address && one.interface === other.interface && one.prefixLength === other.prefixLength;
}
