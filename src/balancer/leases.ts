/**
 * Numbers lent to names. What the kernel remembers of a number (entries of the connection table, for minutes) must stay true of
 * whoever has it, so a name keeps its number, and one that nobody wants any more is given to another only when none else is
 * left, the longest unwanted first. Where a name's number is free it is the same on every director. Pure.
 */
import { nameHash } from '../config/name-hash.ts';

export interface Lease {
  /** 0 ≤ n < count. */
  readonly number: number;
  /** Epoch ms since when nobody wants it; null: somebody does. */
  readonly unwantedSince: number | null;
}

/** By name. */
export type Leases = Readonly<Record<string, Lease>>;

/** @returns all leases; a wanted name without one found no number among `count` */
export function leased(before: Leases, wanted: readonly string[], count: number, wallMs: number): Leases {
  const names = new Set(wanted);
  const leases = new Map<string, Lease>();
  const holders = new Map<number, string>();
  for (const [name, { number, unwantedSince }] of Object.entries(before)) {
    if (number >= count || holders.has(number)) continue;
    leases.set(name, { number, unwantedSince: names.has(name) ? null : (unwantedSince ?? wallMs) });
    holders.set(number, name);
  }
  for (const name of names) {
    if (leases.has(name)) continue;
    const number = freeNumber(nameHash(name), count, holders) ?? longestUnwanted(leases);
    if (number === undefined) continue;
    leases.delete(holders.get(number) ?? '');
    leases.set(name, { number, unwantedSince: null });
    holders.set(number, name);
  }
  return Object.fromEntries(leases);
}

function freeNumber(start: number, count: number, holders: ReadonlyMap<number, string>): number | undefined {
  if (holders.size >= count) return undefined;
  let number = start % count;
  while (holders.has(number)) number = (number + 1) % count;
  return number;
}

function longestUnwanted(leases: ReadonlyMap<string, Lease>): number | undefined {
  let found: Lease | undefined;
  for (const one of leases.values()) {
    if (one.unwantedSince === null) continue;
    if (found === undefined || one.unwantedSince < (found.unwantedSince ?? 0)) found = one;
  }
  return found?.number;
}
