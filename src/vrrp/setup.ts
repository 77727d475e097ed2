/** The part of a Config that one director's VRRP process needs, with what only the director knows: which interface has which network. */
import type { Config, DirectorConfig, VipConfig } from '../config/config.ts';
import type { InstanceConfig, SpeakerConfig } from '../config/instance.ts';
import { type Address, familyOf, hostPrefix, inNetwork } from '../wire/address.ts';
import type { InstanceSetup, Tracker, VirtualAddress } from './instance.ts';

/** An address of the director's own, as the kernel has it. */
export interface HostAddress {
  readonly interface: string;
  readonly address: Address;
  readonly prefixLength: number;
}

export interface Setups {
  readonly instances: readonly InstanceSetup[];
  /** Held without VRRP. */
  readonly held: readonly VirtualAddress[];
}

/**
 * @param self the director's name in the topology; one that takes no part has no instances.
 * @throws Error naming what an instance asks for and this process cannot do yet: left out silently, a key or a family would be believed in.
 */
export function setupsFor(config: Config, self: string, host: readonly HostAddress[]): Setups {
  const own = host.filter(({ address }) => !vipsOf(config).has(address));
  const director = config.directors.find(({ name }) => name === self);
  return {
    instances: config.instances.flatMap((instance) => {
      const speaker = instance.speakers.find((one) => one.director === self);
      return speaker === undefined ? [] : [instanceSetup(config, instance, speaker, own)];
    }),
    held: director === undefined ? [] : heldBy(director, own),
  };
}

/** Every address that moves: never taken for a host's own. */
export function vipsOf(config: Config): ReadonlySet<Address> {
  const moved = config.instances.flatMap(({ vips, extraVips }) => [...vips, ...extraVips]);
  return new Set([...moved, ...config.directors.flatMap(({ vips }) => vips)].map(({ address }) => address));
}

function instanceSetup(
  config: Config,
  instance: InstanceConfig,
  speaker: SpeakerConfig,
  own: readonly HostAddress[],
): InstanceSetup {
  const { name, vrid, version, family, transport, advertIntervalMs, checksum, preempt, preemptDelayMs, garp } =
    instance;
  const missing = missingFeature(instance);
  if (missing !== undefined) throw new Error(`instance ${name}: ${missing} is not supported yet`);
  const others = instance.speakers.filter(({ director }) => director !== speaker.director).map(({ source }) => source);
  return {
    name,
    vrid,
    version,
    family,
    interface: speaker.interface,
    source: speaker.source,
    basePriority: speaker.priority,
    advertised: instance.vips.map(({ address }) => address),
    addresses: [...instance.vips, ...instance.extraVips].map((vip) => resolved(vip, own, speaker.interface)),
    transport,
    group: instance.multicastGroup,
    peers: [...others, ...instance.foreignPeers],
    managed: others,
    advertIntervalMs,
    checksum,
    password: instance.authentication?.pass.value ?? null,
    preempt,
    preemptDelayMs,
    garp,
    track: trackersOf(config, instance),
    startAfter: {
      linkUpMs: instance.startAfter.linkUpMs,
      verdicts: instance.startAfter.verdicts && config.services.length > 0,
    },
    syncGroup: config.syncGroups.find(({ members }) => members.includes(name))?.name ?? null,
  };
}

/** What may stand in a topology and is not built; refused when planning already, and here once more. */
function missingFeature({ family, hmac, virtualMac, track }: InstanceConfig): string | undefined {
  if (family === 6) return 'IPv6';
  if (hmac !== null) return 'HMAC authentication';
  if (virtualMac.enabled) return 'a virtual MAC';
  return track.files.length > 0 ? 'tracking files' : undefined;
}

function trackersOf(config: Config, { track }: InstanceConfig): InstanceSetup['track'] {
  const straight = (one: { readonly name: string; readonly weight: number }): Tracker => ({ ...one, reverse: false });
  const reversed = new Set(config.scripts.filter(({ reverse }) => reverse).map(({ name }) => name));
  return {
    interfaces: track.interfaces.map(straight),
    scripts: track.scripts.map((one) => ({ ...one, reverse: reversed.has(one.name) })),
    services: track.services.map(straight),
  };
}

function heldBy({ vips, dips }: DirectorConfig, own: readonly HostAddress[]): VirtualAddress[] {
  const fallback = dips[0]?.interface ?? 'lo';
  return vips.map((vip) => resolved(vip, own, fallback));
}

/** On the interface it names; else on the one whose network contains it, the narrowest first; else on `fallback`. */
function resolved(vip: VipConfig, own: readonly HostAddress[], fallback: string): VirtualAddress {
  const { address, prefixLength, label, scope, broadcast } = vip;
  const containing = own
    .filter((host) => familyOf(host.address) === familyOf(address) && host.prefixLength < hostPrefix(address))
    .filter((host) => inNetwork(address, host.address, host.prefixLength))
    .sort((a, b) => b.prefixLength - a.prefixLength);
  return {
    address,
    prefixLength,
    label,
    scope,
    broadcast,
    interface: vip.interface ?? containing[0]?.interface ?? fallback,
  };
}
