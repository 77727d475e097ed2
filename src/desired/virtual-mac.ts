/**
 * What a virtual MAC needs of its director. The VRRP process makes the interface and sets what it can by netlink; the rest, and
 * whatever udev might set anew by a pattern for every interface that comes (sysctl.d(5)), stands in our file by the very name.
 */
import type { InstanceConfig } from '../config/instance.ts';
import { VIRTUAL_INTERFACE_IPV4, virtualInterfaceOf } from '../config/virtual-mac.ts';
import type { Address } from '../wire/address.ts';

/** An instance that a director takes part in, with the interface. */
export interface Taken {
  readonly instance: InstanceConfig;
  readonly speaker: { readonly interface: string };
}

/**
 * On the base interface: it must neither answer for a VIP nor ask in its name, or neighbours would take its MAC for that of the
 * VIP (of `all` and the interface the greater value counts). And `all.arp_filter` would keep the virtual interface from answering:
 * the way back to whoever asks leads over the base.
 */
export function baseSysctls(taken: readonly Taken[]): Record<string, string> {
  const bases = taken.filter(({ instance }) => instance.virtualMac.enabled).map(({ speaker }) => speaker.interface);
  if (bases.length === 0) return {};
  return {
    'net.ipv4.conf.all.arp_filter': '0',
    ...Object.fromEntries(
      bases.flatMap((base) => [
        [`net.ipv4.conf.${keyOf(base)}.arp_ignore`, '1'],
        [`net.ipv4.conf.${keyOf(base)}.arp_announce`, '2'],
      ]),
    ),
  };
}

/**
 * On the interfaces that the VRRP process makes: they are not there before it runs. IPv6 must learn neither addresses nor routes
 * from routers there: such an address would be made of the virtual MAC, and be on two directors in turn.
 */
export function virtualSysctls(taken: readonly Taken[]): Record<string, string> {
  const names = virtualInterfaces(taken).map(keyOf);
  return Object.fromEntries(
    names.flatMap((name) => [
      ...Object.entries(VIRTUAL_INTERFACE_IPV4).map(([key, value]) => [`net.ipv4.conf.${name}.${key}`, String(value)]),
      [`net.ipv6.conf.${name}.accept_ra`, '0'],
      [`net.ipv6.conf.${name}.autoconf`, '0'],
    ]),
  );
}

export function virtualInterfaces(taken: readonly Taken[]): string[] {
  return taken.flatMap(({ instance: { virtualMac, family, vrid } }) =>
    virtualMac.enabled ? [virtualInterfaceOf(family, vrid)] : [],
  );
}

/** The virtual interface that packets to a VIP come in by; null: there is none, or the VIP is on another interface. */
export function virtualInterfaceOfVip(taken: readonly Taken[], address: Address): string | null {
  const holder = taken.find(({ instance: { vips, extraVips, virtualMac }, speaker }) => {
    const vip = [...vips, ...extraVips].find((one) => one.address === address);
    return virtualMac.enabled && vip !== undefined && (vip.interface ?? speaker.interface) === speaker.interface;
  });
  return holder === undefined ? null : virtualInterfaceOf(holder.instance.family, holder.instance.vrid);
}

/** sysctl(8): a dot within a name is written as a slash. */
function keyOf(interfaceName: string): string {
  return interfaceName.replaceAll('.', '/');
}
