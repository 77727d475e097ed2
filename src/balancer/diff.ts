/**
 * The way from the table that the kernel has to the one that it shall have, as one batch. Additions and edits go before
 * deletions, so that a service is never empty on the way. A scheduler, a flag, a weight or a forwarding method is an edit:
 * connections stay. What left the configuration is first given weight 0 and goes when its connections have, or when its
 * drain time is over. What another program made is left alone.
 */
import {
  destinationKey,
  type IpvsChange,
  type IpvsDestination,
  type IpvsService,
  type ServiceEntry,
  serviceKey,
} from '../wire/ipvs.ts';
import type { DesiredService } from './desired.ts';
import { type LettingGo, letGo } from './leaving.ts';
import type { OwnedService, Ownership } from './ownership.ts';

export interface Plan {
  readonly changes: readonly IpvsChange[];
  /** What is ours once the changes are made. */
  readonly owned: Ownership;
  /** `10.77.1.23:80 of tcp 10.77.1.100:80`: out of the configuration, still with connections. */
  readonly leaving: readonly string[];
}

/** @param withdrawn - keys of services that go at once, connections or not: whoever is not MASTER is sent no packets of theirs */
export function plan(
  desired: readonly DesiredService[],
  kernel: readonly ServiceEntry[],
  owned: Ownership,
  wallMs: number,
  withdrawn: ReadonlySet<string> = new Set(),
): Plan {
  const entries = new Map(kernel.map((entry) => [serviceKey(entry.service.id), entry]));
  const growth: IpvsChange[] = [];
  const shrinkage: IpvsChange[] = [];
  const nowOwned: Record<string, OwnedService> = {};
  const leaving: string[] = [];
  const note = (key: string, gone: LettingGo, drain: OwnedService['drain']): void => {
    growth.push(...gone.edits);
    shrinkage.push(...gone.deletions);
    leaving.push(...Object.keys(gone.leaving).map((destination) => `${destination} of ${key}`));
    nowOwned[key] = { drain, leaving: gone.leaving };
  };
  const wanted = new Set<string>();
  for (const one of desired) {
    const key = serviceKey(one.service.id);
    const entry = entries.get(key);
    wanted.add(key);
    growth.push(...serviceChanges(one.service, entry), ...destinationChanges(one, entry));
    note(key, letGo(one, entry, owned[key]?.leaving ?? {}, wallMs), one.drain);
  }
  for (const [key, { drain, leaving: known }] of Object.entries(owned)) {
    const entry = entries.get(key);
    if (wanted.has(key) || entry === undefined) continue;
    if (withdrawn.has(key)) {
      shrinkage.push({ op: 'delete-service', id: entry.service.id });
      continue;
    }
    const gone = letGo({ service: entry.service, destinations: [], removed: [], drain }, entry, known, wallMs);
    note(key, gone, drain);
    if (Object.keys(gone.leaving).length > 0) continue;
    shrinkage.push({ op: 'delete-service', id: entry.service.id });
    delete nowOwned[key];
  }
  return { changes: [...growth, ...shrinkage], owned: nowOwned, leaving };
}

function serviceChanges(service: IpvsService, entry: ServiceEntry | undefined): IpvsChange[] {
  if (entry === undefined) return [{ op: 'new-service', service }];
  return isSameService(service, entry.service) ? [] : [{ op: 'set-service', service }];
}

function destinationChanges({ service: { id }, destinations }: DesiredService, entry?: ServiceEntry): IpvsChange[] {
  const present = new Map(entry?.destinations.map(({ destination }) => [destinationKey(destination), destination]));
  return destinations.flatMap((destination): IpvsChange[] => {
    const found = present.get(destinationKey(destination));
    if (found === undefined) return [{ op: 'new-destination', id, destination }];
    return isSameDestination(destination, found) ? [] : [{ op: 'set-destination', id, destination }];
  });
}

/** Of two services with one id. */
export function isSameService(left: IpvsService, right: IpvsService): boolean {
  return (
    left.scheduler === right.scheduler &&
    left.onePacket === right.onePacket &&
    left.schedulerFallback === right.schedulerFallback &&
    left.schedulerPort === right.schedulerPort &&
    left.persistence?.timeoutMs === right.persistence?.timeoutMs &&
    left.persistence?.prefixLength === right.persistence?.prefixLength
  );
}

/** Of two destinations with one address and port. */
export function isSameDestination(left: IpvsDestination, right: IpvsDestination): boolean {
  return (
    left.forward === right.forward &&
    left.weight === right.weight &&
    left.upperThreshold === right.upperThreshold &&
    left.lowerThreshold === right.lowerThreshold &&
    left.tunnel?.type === right.tunnel?.type &&
    left.tunnel?.port === right.tunnel?.port &&
    left.tunnel?.checksum === right.tunnel?.checksum
  );
}
