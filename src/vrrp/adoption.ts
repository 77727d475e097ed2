/** What a process that starts finds of its addresses in the kernel: did its predecessor hold them a moment ago? */
import type { Address } from '../wire/address.ts';
import type { Found } from './instance.ts';
import type { InstanceSetup } from './instance-setup.ts';
import { addressLifetimeSeconds, masterDownMs } from './intervals.ts';

export interface FoundAddress {
  readonly interface: string;
  readonly address: Address;
  /** null: for ever, so not put there by us. */
  readonly validSeconds: number | null;
  readonly refreshedAtMs: number;
}

/** What the kernel has of a process before this one, by instance; `silentMs` where it was a lame duck only. */
export interface LeftBehind {
  readonly found: Readonly<Record<string, Found>>;
  readonly silentMs: Readonly<Record<string, number>>;
}

export function leftBehind(
  setups: readonly InstanceSetup[],
  kernel: readonly FoundAddress[],
  nowMs: number,
): LeftBehind {
  const silent = setups.flatMap((setup) => {
    const silentMs = silentMsOf(setup, kernel);
    return silentMs === undefined ? [] : [[setup.name, silentMs] as const];
  });
  return {
    found: Object.fromEntries(setups.map((setup) => [setup.name, foundOf(setup, kernel, nowMs)])),
    silentMs: Object.fromEntries(silent),
  };
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

/** For how long yet a predecessor left its addresses on the loopback as a lame duck (hand-over.ts); undefined: it did not. */
function silentMsOf(setup: InstanceSetup, kernel: readonly FoundAddress[]): number | undefined {
  const moved = setup.addresses.filter(({ interface: on }) => on !== 'lo').map(({ address }) => address);
  const left = kernel
    .filter(({ interface: on, address }) => on === 'lo' && moved.includes(address))
    .flatMap(({ validSeconds }) => validSeconds ?? []);
  return left.length === 0 ? undefined : Math.max(...left) * 1000;
}
