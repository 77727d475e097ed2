/**
 * Which packets are believed: RFC 9568 section 7.1 and RFC 3768 section 7.1, in the order of keepalived's vrrp_check_packet.
 * A packet that is not is counted by its reason and has no other effect.
 */
import type { Address } from '../wire/address.ts';
import { type Advertisement, type ParseProblem, parseAdvertisement } from '../wire/vrrp.ts';
import type { InstanceSetup } from './instance.ts';

export type DropReason =
  | ParseProblem
  | 'ttl'
  | 'transport'
  | 'own-source'
  | 'unknown-source'
  | 'authentication-type'
  | 'password'
  | 'version-mismatch'
  | 'interval-mismatch';

export interface Received {
  readonly payload: Uint8Array;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
}

export type Acceptance =
  | {
      readonly verdict: 'accepted';
      readonly instance: string;
      readonly advertisement: Advertisement;
      readonly notes: readonly string[];
    }
  | { readonly verdict: 'dropped'; readonly instance: string; readonly reason: DropReason }
  /** For none of our virtual routers: another VRID, or too broken to tell. */
  | { readonly verdict: 'foreign'; readonly reason: DropReason | 'vrid' };

/** @param setups the instances that listen where the packet came in. Never throws. */
export function acceptPacket(packet: Received, setups: readonly InstanceSetup[]): Acceptance {
  const parsed = parseAdvertisement(packet.payload, packet);
  const vrid = parsed.ok ? parsed.advertisement.vrid : parsed.vrid;
  const setup = setups.find((one) => one.vrid === vrid);
  if (setup === undefined)
    return { verdict: 'foreign', reason: parsed.ok || vrid !== undefined ? 'vrid' : parsed.problem };
  const instance = setup.name;
  const envelope = envelopeProblem(packet, setup);
  if (envelope !== undefined) return { verdict: 'dropped', instance, reason: envelope };
  if (!parsed.ok) return { verdict: 'dropped', instance, reason: parsed.problem };
  const problem = contentProblem(parsed.advertisement, setup);
  if (problem !== undefined) return { verdict: 'dropped', instance, reason: problem };
  return {
    verdict: 'accepted',
    instance,
    advertisement: parsed.advertisement,
    notes: notesOn(parsed.advertisement, setup),
  };
}

/** TTL 255 proves that no router was passed (RFC 9568 section 5.1.1.3); unicast peers may be further away, but must be known. */
function envelopeProblem(packet: Received, setup: InstanceSetup): DropReason | undefined {
  const multicast = packet.destination === setup.group;
  if (multicast !== (setup.transport === 'multicast')) return 'transport';
  if (multicast && packet.ttl !== 255) return 'ttl';
  if (packet.source === setup.source) return 'own-source';
  if (setup.transport === 'unicast' && !setup.peers.includes(packet.source)) return 'unknown-source';
  return undefined;
}

/** Version 2 refuses another interval (RFC 3768 section 7.1), version 3 learns it (RFC 9568 section 6.1). */
function contentProblem(advertisement: Advertisement, setup: InstanceSetup): DropReason | undefined {
  if (advertisement.version !== setup.version) return 'version-mismatch';
  if (setup.version === 3) return undefined;
  const type = setup.password === null ? 0 : 1;
  if (advertisement.authentication?.type !== type) return 'authentication-type';
  if (setup.password !== null && advertisement.authentication.data !== setup.password) return 'password';
  return advertisement.advertIntervalMs === setup.advertIntervalMs ? undefined : 'interval-mismatch';
}

/**
 * What an operator should know although the packet counts: RFC 9568 section 7.1 leaves addresses and interval to the
 * configuration, and its erratum 8298 a second owner, who would else be ignored for ever.
 */
function notesOn(advertisement: Advertisement, setup: InstanceSetup): string[] {
  const theirs = [...advertisement.addresses].sort().join(' ');
  const ours = [...setup.advertised].sort().join(' ');
  return [
    ...(theirs === ours ? [] : [`it advertises ${theirs}, we have ${ours}`]),
    ...(advertisement.advertIntervalMs === setup.advertIntervalMs
      ? []
      : [`its interval is ${advertisement.advertIntervalMs} ms, ours ${setup.advertIntervalMs} ms`]),
    ...(advertisement.priority === 255 && setup.basePriority === 255
      ? ['it says that it owns the addresses, as we do (priority 255)']
      : []),
  ];
}
