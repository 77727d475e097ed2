/**
 * What the kernel's IPVS table shall hold: configuration × verdicts × overrides. Pure; the diff with what it does hold is in
 * diff.ts.
 */
import type { Config } from '../config/config.ts';
import type { DestinationConfig, Listener, ServiceConfig } from '../config/service.ts';
import { familyOf } from '../wire/address.ts';
import type { IpvsDestination, IpvsService, ServiceId, Tunnel } from '../wire/ipvs.ts';
import { type Override, overrideFor } from './override.ts';
import { rampedWeight } from './slow-start.ts';
import { keepsRealservers, sorryDestinations } from './sorry.ts';

export interface DesiredService {
  /** The topology's name for it. */
  readonly name: string;
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
  /** Configured, but failed for so long that they shall be out of the table, connections or not (`on_fail: remove`). */
  readonly removed: readonly IpvsDestination[];
  /** How a destination that leaves the configuration is let go. */
  readonly drain: { readonly timeoutMs: number; readonly waitForPersistent: boolean };
}

/** What the checks say of a realserver in a service. */
export interface Judgement {
  readonly verdict: 'up' | 'down' | 'unknown';
  /** How long the verdict has been so. */
  readonly forMs: number;
  /** What a check wants (`sets_weight`); null: what is configured. */
  readonly weight?: number | null;
}

/** What a service as a whole makes of the verdicts. */
export interface Policy {
  /** It serves though its checks fail (`fail_open`). */
  readonly isHeld: (realserver: string) => boolean;
  /** How long it has been given connections (`slow_start`). */
  readonly servedMs: (realserver: string) => number;
  /** The sorry server has the place of the realservers. */
  readonly sorryServes: boolean;
}

export interface Circumstances {
  readonly judge: (service: string, realserver: string) => Judgement;
  /** Without one, each verdict counts as it is, at once. */
  readonly policy?: (service: string) => Policy;
  readonly overrides: readonly Override[];
  /** Epoch ms, for what expires. */
  readonly wallMs: number;
}

export function desiredTable(config: Pick<Config, 'services'>, circumstances: Circumstances): DesiredService[] {
  return config.services.flatMap((service) =>
    kernelServices(service).map(({ id, port }) => desiredService(service, id, port, circumstances)),
  );
}

interface KernelService {
  readonly id: ServiceId;
  /** What DR and TUN must use as the realserver's port. */
  readonly port: number;
}

/** One a listener; with a mark one for them all, whose port is 0: the packet keeps its own. */
function kernelServices(service: ServiceConfig): KernelService[] {
  const [first] = service.listen;
  if (service.mark !== null && first !== undefined) {
    return [{ id: { kind: 'mark', mark: service.mark, family: familyOf(first.address) }, port: 0 }];
  }
  return service.listen.map((listener) => ({ id: idOf(listener), port: listener.port }));
}

function idOf({ protocol, address, port }: Listener): ServiceId {
  return { kind: 'address', protocol, address, port };
}

const PLAIN: Policy = { isHeld: () => false, servedMs: () => Number.POSITIVE_INFINITY, sorryServes: false };

function desiredService(
  service: ServiceConfig,
  id: ServiceId,
  port: number,
  circumstances: Circumstances,
): DesiredService {
  const policy = circumstances.policy?.(service.name) ?? PLAIN;
  // First, so that it is there before the realservers go.
  const destinations: IpvsDestination[] = policy.sorryServes ? sorryDestinations(service, port, tunnelOf(service)) : [];
  const removed: IpvsDestination[] = [];
  for (const destination of service.realservers) {
    const weight = weightOf(service, destination, circumstances, policy);
    if (weight === 'leaving') continue;
    const list = weight === 'removed' ? removed : destinations;
    list.push(kernelDestination(service, destination, port, weight === 'removed' ? 0 : weight));
  }
  return {
    name: service.name,
    service: kernelService(service, id),
    destinations,
    removed,
    drain: { timeoutMs: service.drain.timeoutMs, waitForPersistent: service.drain.persistent === 'wait' },
  };
}

function kernelService(service: ServiceConfig, id: ServiceId): IpvsService {
  const { scheduler, persistence } = service;
  // Flags 1 and 2 have a meaning only there; elsewhere they would be a difference that is none.
  const hashes = scheduler === 'sh' || scheduler === 'mh';
  return {
    id,
    scheduler,
    onePacket: service.onePacket,
    schedulerFallback: hashes && service.schedulerFallback,
    schedulerPort: hashes && service.schedulerPort,
    persistence:
      persistence === null
        ? null
        : { timeoutMs: Math.ceil(persistence.timeoutMs / 1000) * 1000, prefixLength: persistence.netmask },
  };
}

/** @returns `removed`: out at once; `leaving`: weight 0, and out when its connections are */
function weightOf(
  service: ServiceConfig,
  destination: DestinationConfig,
  { judge, overrides, wallMs }: Circumstances,
  { isHeld, servedMs, sorryServes }: Policy,
): number | 'removed' | 'leaving' {
  const { name, weight: configured } = destination;
  const { verdict, forMs, weight } = judge(service.name, name);
  const said = overrideFor(overrides, name, service.name, wallMs)?.weight;
  const isAlive = verdict === 'up' || (verdict === 'unknown' && service.start === 'up') || isHeld(name);
  const isToGo = verdict === 'down' && service.onFail.action === 'remove' && forMs >= service.onFail.afterMs;
  // Whoever is drained stays in the table: its connections go on, and their countdown is read there.
  if (!isAlive && isToGo && said !== 0) return 'removed';
  if (sorryServes) return keepsRealservers(service) || said === 0 ? 0 : 'leaving';
  if (!isAlive) return 0;
  return said ?? rampedWeight(weight ?? configured, servedMs(name), service.slowStartMs);
}

/** The kernel takes any port for DR and TUN and never uses it; the listener's is what ipvsadm and keepalived write there. */
function kernelDestination(
  service: ServiceConfig,
  destination: DestinationConfig,
  listenerPort: number,
  weight: number,
): IpvsDestination {
  return {
    address: destination.address,
    port: service.mode === 'nat' ? (destination.port ?? listenerPort) : listenerPort,
    forward: service.mode,
    weight,
    upperThreshold: destination.upperThreshold,
    lowerThreshold: destination.lowerThreshold,
    tunnel: service.mode === 'tun' ? tunnelOf(service) : null,
  };
}

/** As the kernel has it. */
export function tunnelOf({ tunnel }: Pick<ServiceConfig, 'tunnel'>): Tunnel {
  return {
    type: tunnel.type,
    port: tunnel.type === 'gue' ? tunnel.port : 0,
    checksum: tunnel.type !== 'ipip' && tunnel.checksum ? 'full' : 'none',
  };
}
