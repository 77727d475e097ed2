/** The part of a Config that one director's VRRP process needs, with what only the director knows: which interface has which network. */
import type { Config, DirectorConfig, VipConfig } from '../config/config.ts';
import { inGroup } from '../config/group.ts';
import type { InstanceConfig, SpeakerConfig } from '../config/instance.ts';
import { type Address, familyOf, hostPrefix, inNetwork, isLinkLocal } from '../wire/address.ts';
import type { InstanceSetup, Tracker, VirtualAddress } from './instance-setup.ts';
import { onVirtualMac, virtualMacFor } from './virtual-mac.ts';

/** An address of the director, usable, as the kernel has it. */
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

/** @param self the director's name in the topology; one that takes no part has no instances. */
export function setupsFor(config: Config, self: string, host: readonly HostAddress[]): Setups {
  const own = host.filter(({ address }) => !vipsOf(config).has(address));
  const director = config.directors.find(({ name }) => name === self);
  return {
    instances: config.instances.flatMap((instance) => {
      const speaker = instance.speakers.find((one) => one.director === self);
      return speaker === undefined ? [] : [instanceSetup(config, inGroup(config, instance), speaker, own)];
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
  const others = instance.speakers.filter(({ director }) => director !== speaker.director);
  const managed = others.flatMap(({ source }) => source ?? []);
  const virtualMac = virtualMacFor(instance);
  const addresses = [...instance.vips, ...instance.extraVips].map((vip) => resolved(vip, own, speaker.interface));
  return {
    name,
    vrid,
    version,
    family,
    interface: speaker.interface,
    source: speaker.source ?? linkLocalOf(speaker.interface, own),
    ...(virtualMac === null ? {} : { virtualMac }),
    basePriority: speaker.priority,
    advertised: instance.vips.map(({ address }) => address),
    addresses: onVirtualMac(addresses, speaker.interface, virtualMac),
    transport,
    group: instance.multicastGroup,
    peers: [...managed, ...instance.foreignPeers],
    managed,
    unnamed: others.length - managed.length,
    neighbours: neighboursOf(config, instance, speaker),
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

function neighboursOf(config: Config, { speakers, foreignPeers }: InstanceConfig, self: SpeakerConfig): Address[] {
  const dips = config.directors.filter(({ name }) => name !== self.director).flatMap((one) => one.dips);
  const sources = speakers.filter(({ director }) => director !== self.director).flatMap(({ source }) => source ?? []);
  return [...new Set([...sources, ...foreignPeers, ...dips.map(({ address }) => address)])];
}

/** What keepalived and FRR send from, too: the first one that is no VIP (RFC 9568 section 5.1.2.1). */
function linkLocalOf(interfaceName: string, own: readonly HostAddress[]): Address | null {
  return own.find((one) => one.interface === interfaceName && isLinkLocal(one.address))?.address ?? null;
}

function trackersOf(config: Config, { track }: InstanceConfig): InstanceSetup['track'] {
  const straight = (one: { readonly name: string; readonly weight: number }): Tracker => ({ ...one, reverse: false });
  const scripts = new Map(config.scripts.map((script) => [script.name, script]));
  return {
    interfaces: track.interfaces.map(straight),
    scripts: track.scripts.map((one): Tracker => {
      const { reverse = false, start = 'unknown' } = scripts.get(one.name) ?? {};
      return { ...one, reverse, ...(start === 'unknown' ? {} : { start }) };
    }),
    services: track.services.map(straight),
    files: track.files.map(({ path, weight }) => straight({ name: path, weight })),
  };
}

function heldBy({ vips, dips }: DirectorConfig, own: readonly HostAddress[]): VirtualAddress[] {
  const fallback = dips[0]?.interface ?? 'lo';
  return vips.map((vip) => resolved(vip, own, fallback));
}

/**
 * On the interface it names; else on the one whose network contains it, the narrowest first; else on `fallback`. Every interface
 * is in the link-local network: such an address goes on `fallback`.
 */
function resolved(vip: VipConfig, own: readonly HostAddress[], fallback: string): VirtualAddress {
  const { address, prefixLength, label, scope, broadcast } = vip;
  const containing = (isLinkLocal(address) ? [] : own)
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
