/** What operators said of realservers, as datagrams carry it. Pure. */
import type { Override } from '../../balancer/override.ts';
import type { Said } from '../../balancer/said.ts';
import { type ExchangeEntry, encodeEntry } from '../../wire/exchange.ts';

/** With headers and the rest of the message still one packet on any network. An entry that is longer travels alone, in pieces. */
const ENTRIES_BYTES = 1_000;

/** Longer ones were never taken from an operator by this release. */
const [LONGEST_NAME, LONGEST_REASON] = [255, 1_000] as const;

export function entriesOf({ overrides, removals }: Said): ExchangeEntry[] {
  const takenBack = { weight: null, owner: '', reason: null, until: null };
  return [
    ...overrides.map((one) => ({
      ...one,
      owner: one.owner.slice(0, LONGEST_NAME),
      reason: one.reason?.slice(0, LONGEST_REASON) ?? null,
    })),
    ...removals.map((one) => ({ ...one, ...takenBack })),
  ];
}

export function saidIn(entries: readonly ExchangeEntry[]): Said {
  const isOverride = (one: ExchangeEntry): one is ExchangeEntry & Override => one.weight !== null;
  return {
    overrides: entries.filter(isOverride),
    removals: entries
      .filter((one) => !isOverride(one))
      .map(({ realserver, service, since }) => ({ realserver, service, since })),
  };
}

/** As many entries a datagram as fit, in their order. */
export function packed(entries: readonly ExchangeEntry[]): ExchangeEntry[][] {
  const parcels: ExchangeEntry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = encodeEntry(entry).length;
    if (bytes > room) {
      parcels.push([]);
      room = ENTRIES_BYTES;
    }
    parcels.at(-1)?.push(entry);
    room -= bytes;
  }
  return parcels;
}
