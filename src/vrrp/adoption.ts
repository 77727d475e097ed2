/** What a process that starts finds of its addresses in the kernel: did its predecessor hold them a moment ago? */
import type { Address } from '../wire/address.ts';
import type { Found, InstanceSetup } from './instance.ts';
import { addressLifetimeSeconds, masterDownMs } from './intervals.ts';

export interface FoundAddress {
  readonly interface: string;
  readonly address: Address;
  /** null: for ever, so not put there by us. */
  readonly validSeconds: number | null;
  readonly refreshedAtMs: number;
}

/**
 * `fresh`: all that are advertised are there with a lifetime like ours, renewed less than three advertisement intervals ago
 * (nobody can have taken over meanwhile: a successor waits longer). `stale`: some are there. `absent`: none.
 */
export function foundOf(setup: InstanceSetup, kernel: readonly FoundAddress[], nowMs: number): Found {
  const present = setup.addresses.flatMap(({ address, interface: on }) =>
    kernel.filter((one) => one.address === address && one.interface === on),
  );
  if (present.length === 0) return 'absent';
  const longestSeconds = addressLifetimeSeconds(masterDownMs(setup.version, 1, setup.advertIntervalMs));
  const fresh = setup.advertised.every((address) =>
    present.some(
      (one) =>
        one.address === address &&
        one.validSeconds !== null &&
        one.validSeconds <= longestSeconds &&
        nowMs - one.refreshedAtMs < 3 * setup.advertIntervalMs,
    ),
  );
  return fresh ? 'fresh' : 'stale';
}
