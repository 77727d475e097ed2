/** What a change of the host's addresses means for the loop. Pure. */
import type { InstanceSetup, VirtualAddress } from '../../vrrp/instance-setup.ts';
import type { InterfaceNow } from '../../vrrp/tracking.ts';
import { isLinkLocal } from '../../wire/address.ts';
import { type Host, namedAddresses, withoutVirtual } from './host.ts';

/** Its own, that is none of `vips` and on no interface of ours, as `interface address/length`. */
export function ownAddressesOf(host: Host, vips: ReadonlySet<string>): Set<string> {
  const own = namedAddresses(withoutVirtual(host)).filter(({ address }) => !vips.has(address));
  return new Set(own.map((one) => `${one.interface} ${one.address}/${one.prefixLength}`));
}

/** Whether it has an address where it belongs. */
export function presenceOn(host: Host): (one: VirtualAddress) => boolean {
  const present = new Set(namedAddresses(host).map((one) => `${one.interface} ${one.address}`));
  return (one) => present.has(`${one.interface} ${one.address}`);
}

/** Whether an instance spoke from a link-local address that is no longer there. */
export function hasLostLinkLocal(
  interfaces: Readonly<Record<string, InterfaceNow>>,
  setups: readonly InstanceSetup[],
): boolean {
  return setups.some(
    ({ source, interface: on }) =>
      source !== null && isLinkLocal(source) && !interfaces[on]?.addresses.includes(source),
  );
}
