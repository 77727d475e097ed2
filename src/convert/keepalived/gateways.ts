/** NAT: which virtual address the realservers have as their gateway, which keepalived.conf does not say. */
import { type Address, familyOf, inNetwork, parseAddress } from '../../wire/address.ts';
import type { Director, Router } from './pair.ts';
import type { Tree } from './reading.ts';

/** Networks of gateways are rarely wider. */
const WIDEST = 16;

/** Realserver → the virtual address nearest to it that is no service's. */
export function gateways(directors: readonly Director[], routers: readonly Router[]): ReadonlyMap<Address, Address> {
  const services = directors.flatMap(({ keepalived }) => keepalived.services);
  const listened = services.flatMap(({ listen }) => listen).join(' ');
  const vips = routers
    .flatMap(({ sides }) => sides.flatMap(({ instance }) => instance.shared))
    .flatMap(({ key, draft }) => (key === 'vips' || key === 'extra_vips' ? addressesIn(draft) : []))
    .filter((vip) => familyOf(vip) === 4 && !listened.split(/[ :]/).includes(vip));
  const nat = services.filter(({ parts }) =>
    parts.some(({ key, draft }) => key === 'mode' && draft.kind === 'value' && draft.value === 'nat'),
  );
  const found = new Map<Address, Address>();
  for (const { address } of nat.flatMap(({ destinations }) => destinations)) {
    const nearest = vips
      .filter((vip) => near(vip, address) >= WIDEST)
      .sort((a, b) => near(b, address) - near(a, address))[0];
    if (nearest !== undefined) found.set(address, nearest);
  }
  return found;
}

function addressesIn(list: Tree): Address[] {
  const items = list.kind === 'list' ? list.items : [];
  return items.flatMap(({ draft }) => {
    const own = draft.kind === 'map' ? draft.entries.find(({ key }) => key === 'address')?.draft : draft;
    const text = own?.kind === 'value' ? String(own.value).split('/')[0] : undefined;
    return parseAddress(text ?? '') ?? [];
  });
}

/** Leading bits in common. */
function near(one: Address, other: Address): number {
  if (familyOf(one) !== familyOf(other)) return 0;
  for (let bits = 32; bits > 0; bits--) if (inNetwork(one, other, bits)) return bits;
  return 0;
}
