/** The kernel's links and addresses in the terms of src/vrrp. Pure. */
import type { KernelAddress, Link } from '../../kernel/addresses.ts';
import type { FoundAddress } from '../../vrrp/adoption.ts';
import type { HostAddress } from '../../vrrp/setup.ts';
import type { InterfaceNow } from '../../vrrp/tracking.ts';

export interface Host {
  readonly links: readonly Link[];
  readonly addresses: readonly KernelAddress[];
}

/** What an interface begins with that we made for a virtual MAC (IFLA_IFALIAS); the virtual router's VRID follows. */
export const VIRTUAL_MARK = 'lvs-agent: virtual router ';

/** Whether we made it. */
export function isVirtual({ alias }: Link): boolean {
  return alias.startsWith(VIRTUAL_MARK);
}

/**
 * Up means: set up, and with a carrier.
 * @param problems by interface, why it cannot be used although it may be up
 */
export function interfacesOf(
  { links, addresses }: Host,
  problems: Readonly<Record<string, string>>,
): Record<string, InterfaceNow> {
  return Object.fromEntries([
    ...Object.entries(problems).map(([name, problem]) => [name, { up: false, addresses: [], problem }]),
    ...links.map(({ name, index, up, running }) => [
      name,
      {
        up: up && running,
        addresses: addresses.filter((one) => one.ifindex === index && isUsable(one)).map(({ address }) => address),
        ...(problems[name] === undefined ? {} : { problem: problems[name] }),
      },
    ]),
  ]);
}

/** The host's own interfaces and addresses, without those for virtual MACs: whatever is on these is no address of the host. */
export function withoutVirtual({ links, addresses }: Host): Host {
  const virtual = new Set(links.filter(isVirtual).map(({ index }) => index));
  return {
    links: links.filter((link) => !isVirtual(link)),
    addresses: addresses.filter(({ ifindex }) => !virtual.has(ifindex)),
  };
}

/** Usable addresses whose interface is known, with its name. */
export function namedAddresses({ links, addresses }: Host): (HostAddress & FoundAddress)[] {
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return addresses.filter(isUsable).flatMap(({ ifindex, address, prefixLength, validSeconds, refreshedAtMs }) => {
    const name = names.get(ifindex);
    return name === undefined ? [] : [{ interface: name, address, prefixLength, validSeconds, refreshedAtMs }];
  });
}

/** An IPv6 address answers and speaks only when duplicate address detection is done with it (RFC 4862 section 5.4). */
function isUsable({ tentative, dadFailed }: KernelAddress): boolean {
  return !tentative && !dadFailed;
}
