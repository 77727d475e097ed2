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
  const present = new Set(kernel.map(({ service }) => serviceKey(service.id)));
  const isServed = (service: ServiceConfig): boolean =>
    roles === null ? keysOf([service]).some((key) => present.has(key)) : isHeld(service, config, self, roles);
  const waiting = config.services.filter((service) => service.onlyWhenMaster && !isServed(service));
  return new Set(waiting.map(({ name }) => name));
}

/** As the kernel knows them. */
export function keysOf(services: readonly ServiceConfig[]): string[] {
  const judge = () => ({ verdict: 'unknown', forMs: 0 }) as const;
  return desiredTable({ services }, { judge, overrides: [], wallMs: 0 }).map(({ service }) => serviceKey(service.id));
}

/** A MASTER that has handed over serves until the last connection that is relayed to it has ended. */
function isHeld({ listen }: ServiceConfig, config: Config, self: string, roles: readonly Role[]): boolean {
  const addresses = new Set<string>(listen.map(({ address }) => address));
  const own = config.directors.find(({ name }) => name === self)?.vips ?? [];
  if (own.some(({ address }) => addresses.has(address))) return true;
  const holders = config.instances.filter((one) => vipsOf(one).some((address) => addresses.has(address)));
  return roles.some(
    ({ name, state, lameDuckUntil }) =>
      (state === 'MASTER' || lameDuckUntil !== undefined) && holders.some((holder) => holder.name === name),
  );
}

function vipsOf({ vips, extraVips }: InstanceConfig): string[] {
  return [...vips, ...extraVips].map(({ address }) => address);
}
