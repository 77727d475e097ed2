/** What earlier runs wrote down on the host: what was placed on a realserver, and sysctls as they were before. */
import { type Address, familyOf, parseAddress } from '../wire/address.ts';

export interface PlacedFacts {
  readonly vips: readonly {
    readonly device: 'lo' | 'tunl0' | 'lvs-gre';
    readonly address: Address;
    readonly prefixLength: 32 | 128;
  }[];
  readonly tunnel: boolean;
  readonly tunnel6: boolean;
  readonly guePorts: readonly number[];
  readonly gre: { readonly local: Address; readonly checksum: boolean } | null;
  readonly returnRoute: { readonly rip: Address; readonly via: Address; readonly direct: readonly Address[] } | null;
}

export function parsePlaced(records: readonly string[]): PlacedFacts {
  return {
    vips: records.flatMap(vipOf),
    tunnel: records.includes('tunnel tunl0'),
    tunnel6: records.includes('tunnel ip6tnl0'),
    guePorts: records.flatMap((record) => Number(/^tunnel gue (\d{1,5})$/.exec(record)?.[1] ?? 0) || []),
    gre: records.map(greOf).find((device) => device !== null) ?? null,
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

const DEVICES = ['lo', 'tunl0', 'lvs-gre'] as const;

function vipOf(record: string): PlacedFacts['vips'][number][] {
  const [, word, text] = /^vip (\S+) (\S+)\/(?:32|128)$/.exec(record) ?? [];
  const device = DEVICES.find((name) => name === word);
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined || device === undefined) return [];
  return [{ device, address, prefixLength: familyOf(address) === 4 ? 32 : 128 }];
}

function greOf(record: string): PlacedFacts['gre'] {
  const [, text = '', checksum] = /^tunnel gre (\S+)( checksum)?$/.exec(record) ?? [];
  const local = parseAddress(text);
  return local === undefined ? null : { local, checksum: checksum !== undefined };
}

function routeOf(record: string): PlacedFacts['returnRoute'] {
  const [, from = '', to = '', rest = ''] = /^return (\S+) via (\S+)(?: direct (.*))?$/.exec(record) ?? [];
  const [rip, via] = [parseAddress(from), parseAddress(to)];
  if (rip === undefined || via === undefined) return null;
  return { rip, via, direct: rest.split(' ').flatMap((word) => parseAddress(word) ?? []) };
}
