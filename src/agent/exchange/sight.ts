/**
 * Which virtual routers a director sees badly, and who sees them better. Told by the first address of each: names and numbers may
 * be what two configurations differ in. Pure.
 */
import type { Config } from '../../config/config.ts';
import type { InstanceConfig } from '../../config/instance.ts';
import type { Peer } from './peers.ts';

/** What was said longer ago is no ground to give a role away on. */
const FRESH_MS = 3_000;

/** By the name of an instance: the services that have an address of it. */
export type Served = ReadonlyMap<string, readonly string[]>;

export function servedBy({ instances, services }: Pick<Config, 'instances' | 'services'>): Served {
  const holders = new Map<string, string>(
    instances.flatMap(({ name, vips, extraVips }) => [...vips, ...extraVips].map(({ address }) => [address, name])),
  );
  const served = new Map<string, Set<string>>(instances.map(({ name }) => [name, new Set()]));
  for (const { name, listen } of services)
    for (const { address } of listen) served.get(holders.get(address) ?? '')?.add(name);
  return new Map([...served].map(([instance, names]) => [instance, [...names]]));
}

/** The first addresses of the instances of which some service is not seen well. */
export function blindTo(
  instances: readonly Pick<InstanceConfig, 'name' | 'vips'>[],
  served: Served,
  isWell: (service: string) => boolean,
): string[] {
  return instances
    .filter(({ name }) => !served.get(name)?.every(isWell))
    .flatMap(({ vips }) => vips.slice(0, 1).map(({ address }) => address));
}

export interface Asked {
  /** First addresses of virtual routers that move together. */
  readonly addresses: readonly string[];
  /** Who takes part in all of them. */
  readonly directors: ReadonlySet<string>;
  /** The configuration that one must have: with another, it may look at other things. */
  readonly generation: number;
  readonly hash: string;
}

/** Who says, and has just said, that it sees all of them well. One of an earlier release says nothing of that. */
export function seerAmong(peers: readonly Peer[], asked: Asked, nowMs: number): string | null {
  const seer = peers.find(({ director, heard }) => {
    if (heard === null || heard.blind === null || !asked.directors.has(director)) return false;
    const isSame = heard.generation === asked.generation && heard.hash === asked.hash;
    const { blind } = heard;
    return isSame && nowMs - heard.atMs <= FRESH_MS && !asked.addresses.some((address) => blind.includes(address));
  });
  return seer?.director ?? null;
}
