/** What a virtual MAC makes of an instance: its addresses are on an interface of its own, which must be there. */
import type { InstanceConfig } from '../config/instance.ts';
import { virtualInterfaceOf, virtualMacOf } from '../config/virtual-mac.ts';
import type { InstanceSetup, VirtualAddress, VirtualMac } from './instance-setup.ts';
import type { Surroundings } from './tracking.ts';

/** Null: the instance has none. */
export function virtualMacFor({ virtualMac, family, vrid }: InstanceConfig): VirtualMac | null {
  if (!virtualMac.enabled) return null;
  const { transmitFrom } = virtualMac;
  return { interface: virtualInterfaceOf(family, vrid), mac: virtualMacOf(family, vrid), transmitFrom };
}

/** Addresses of the instance's interface are on the one with the virtual MAC instead; those of other interfaces stay there. */
export function onVirtualMac(
  addresses: readonly VirtualAddress[],
  base: string,
  virtualMac: VirtualMac | null,
): readonly VirtualAddress[] {
  if (virtualMac === null) return addresses;
  return addresses.map((one) => (one.interface === base ? { ...one, interface: virtualMac.interface } : one));
}

/** Where neighbours of one of its addresses are met while it does not hold it: a virtual MAC's own interface is down then. */
export function askedOn({ interface: base, virtualMac }: InstanceSetup, { interface: on }: VirtualAddress): string {
  return on === virtualMac?.interface ? base : on;
}

/** Up or down is our own doing; but without it a MASTER would hold its addresses nowhere. */
export function virtualMacFaults({ virtualMac }: InstanceSetup, { interfaces }: Surroundings): string[] {
  if (virtualMac === undefined) return [];
  const facts = interfaces[virtualMac.interface];
  if (facts === undefined) return [`interface ${virtualMac.interface}, which has the virtual MAC, is not there`];
  return facts.problem === undefined ? [] : [facts.problem];
}
