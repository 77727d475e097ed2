/**
 * Which services this director leaves alone because it is not MASTER of their addresses (`only_when_master`): neither checked nor
 * in the table. Pure.
 */
import type { Config } from '../config/config.ts';
import type { InstanceConfig } from '../config/instance.ts';
import type { ServiceConfig } from '../config/service.ts';
import { type ServiceEntry, serviceKey } from '../wire/ipvs.ts';
import { desiredTable } from './desired.ts';

/** An instance as far as it matters here. */
export interface Role {
  readonly name: string;
  readonly state: string;
  readonly lameDuckUntil?: number | undefined;
}

/**
 * @param roles - of this director's instances, or null while they are not known: then whatever the kernel has goes on
 * @returns names of services
 */
export function standingBy(
  config: Config,
  self: string,
  roles: readonly Role[] | null,
  kernel: readonly ServiceEntry[],
): ReadonlySet<string> {
  const asked = config.services.filter(({ onlyWhenMaster }) => onlyWhenMaster);
  if (asked.length === 0) return new Set();
  const isServed = roles === null ? isPresent(kernel) : isHeld(config, self, roles);
  return new Set(asked.filter((service) => !isServed(service)).map(({ name }) => name));
}

/** As the kernel knows them. */
export function keysOf(services: readonly ServiceConfig[]): string[] {
  const judge = () => ({ verdict: 'unknown', forMs: 0 }) as const;
  return desiredTable({ services }, { judge, overrides: [], wallMs: 0 }).map(({ service }) => serviceKey(service.id));
}

function isPresent(kernel: readonly ServiceEntry[]): (service: ServiceConfig) => boolean {
  const present = new Set(kernel.map(({ service }) => serviceKey(service.id)));
  return (service) => keysOf([service]).some((key) => present.has(key));
}

/** A MASTER that has handed over serves until the last connection that is relayed to it has ended. */
function isHeld(config: Config, self: string, roles: readonly Role[]): (service: ServiceConfig) => boolean {
  const serving = roles.filter(({ state, lameDuckUntil }) => state === 'MASTER' || lameDuckUntil !== undefined);
  const names = new Set(serving.map(({ name }) => name));
  const own = config.directors.find(({ name }) => name === self)?.vips ?? [];
  const held = new Set<string>([
    ...own.map(({ address }) => address),
    ...config.instances.filter(({ name }) => names.has(name)).flatMap(vipsOf),
  ]);
  return ({ listen }) => listen.some(({ address }) => held.has(address));
}

function vipsOf({ vips, extraVips }: InstanceConfig): string[] {
  return [...vips, ...extraVips].map(({ address }) => address);
}
