/** What earlier runs wrote down on the host: what was placed on a realserver, and sysctls as they were before. */
import { type Address, familyOf, parseAddress } from '../wire/address.ts';

export interface PlacedFacts {
  readonly vips: readonly {
    readonly device: 'lo' | 'tunl0';
    readonly address: Address;
    readonly prefixLength: 32 | 128;
  }[];
  readonly tunnel: boolean;
  readonly returnRoute: { readonly rip: Address; readonly via: Address; readonly direct: readonly Address[] } | null;
}

export function parsePlaced(records: readonly string[]): PlacedFacts {
  return {
    vips: records.flatMap(vipOf),
    tunnel: records.includes('tunnel tunl0'),
    returnRoute: records.map(routeOf).find((route) => route !== null) ?? null,
  };
}

/** Key → value before; null where there was none. Keys that are not here were never set by lvsctl. */
export function parseOriginals(records: readonly string[]): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    records.flatMap((record) => {
      const [word, key, ...value] = record.split(' ');
      return word === 'was' && key ? [[key, value.length > 0 ? value.join(' ') : null]] : [];
    }),
  );
}

function vipOf(record: string): PlacedFacts['vips'][number][] {
  const [, device, text] = /^vip (lo|tunl0) (\S+)\/(?:32|128)$/.exec(record) ?? [];
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined) return [];
  return [{ device: device === 'tunl0' ? 'tunl0' : 'lo', address, prefixLength: familyOf(address) === 4 ? 32 : 128 }];
}

function routeOf(record: string): PlacedFacts['returnRoute'] {
  const [, from = '', to = '', rest = ''] = /^return (\S+) via (\S+)(?: direct (.*))?$/.exec(record) ?? [];
  const [rip, via] = [parseAddress(from), parseAddress(to)];
  if (rip === undefined || via === undefined) return null;
  return { rip, via, direct: rest.split(' ').flatMap((word) => parseAddress(word) ?? []) };
}
