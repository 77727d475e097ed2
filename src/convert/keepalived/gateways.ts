/** NAT: which virtual address the realservers have as their gateway, which keepalived.conf does not say. */
import { type Address, commonPrefixLength, familyOf, isLinkLocal, parseAddress } from '../../wire/address.ts';
import type { Director, Router } from './pair.ts';
import type { Tree } from './reading.ts';

/** Leading bits: networks of gateways are rarely wider. */
const WIDEST = { 4: 16, 6: 48 } as const;

/** Realserver → the virtual address nearest to it that is no service's. */
export function gateways(directors: readonly Director[], routers: readonly Router[]): ReadonlyMap<Address, Address> {
  const services = directors.flatMap(({ keepalived }) => keepalived.services);
  const listened = services.flatMap(({ listen }) => listen).map((text) => /^\[?([^\]]*?)\]?:\d+/.exec(text)?.[1]);
  const vips = routers
    .flatMap(({ sides }) => sides.flatMap(({ instance }) => instance.shared))
    .flatMap(({ key, draft }) => (key === 'vips' || key === 'extra_vips' ? addressesIn(draft) : []))
    .filter((vip) => !isLinkLocal(vip) && !listened.includes(vip));
  const nat = services.filter(({ parts }) =>
    parts.some(({ key, draft }) => key === 'mode' && draft.kind === 'value' && draft.value === 'nat'),
  );
  const found = new Map<Address, Address>();
  for (const { address } of nat.flatMap(({ destinations }) => destinations)) {
    const nearest = vips
      .filter((vip) => commonPrefixLength(vip, address) >= WIDEST[familyOf(address)])
      .sort((a, b) => commonPrefixLength(b, address) - commonPrefixLength(a, address))[0];
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
