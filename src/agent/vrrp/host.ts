/** The kernel's links and addresses in the terms of src/vrrp. Pure. */
import type { KernelAddress, Link } from '../../kernel/addresses.ts';
import type { FoundAddress } from '../../vrrp/adoption.ts';
import type { HostAddress } from '../../vrrp/setup.ts';
import type { InterfaceNow } from '../../vrrp/tracking.ts';

export interface Host {
  readonly links: readonly Link[];
  readonly addresses: readonly KernelAddress[];
}

/** Up means: set up, and with a carrier. */
export function interfacesOf({ links, addresses }: Host): Record<string, InterfaceNow> {
  return Object.fromEntries(
    links.map(({ name, index, up, running }) => [
      name,
      {
        up: up && running,
        addresses: addresses.filter((one) => one.ifindex === index && isUsable(one)).map(({ address }) => address),
      },
    ]),
  );
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
