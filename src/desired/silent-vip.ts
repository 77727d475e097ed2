/** How a realserver holds a VIP without speaking from it. Pure. */
import { type Address, familyOf } from '../wire/address.ts';

/**
 * Options of `ip addr add`. IPv4: of scope host, such an address is never chosen as the source of the host's own traffic. IPv6
 * has no such scope; there a deprecated one (preferred for 0 s) is chosen only where nothing else will do (RFC 6724 section 5,
 * rule 3). Nobody is asked whether it is taken (RFC 4862 section 5.4): it is, by the director.
 */
export function silently(address: Address): readonly string[] {
  return familyOf(address) === 4 ? ['scope', 'host'] : ['preferred_lft', '0', 'nodad'];
}
