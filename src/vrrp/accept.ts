/**
 * Which packets are believed: RFC 9568 section 7.1 and RFC 3768 section 7.1, in the order of keepalived's vrrp_check_packet.
 * A packet that is not is counted by its reason and has no other effect.
 */
import type { HmacKey } from '../config/hmac-key.ts';
import { type Address, familyOf } from '../wire/address.ts';
import { type Advertisement, type ParseProblem, parseAdvertisement } from '../wire/vrrp.ts';
import { splitTrailer } from '../wire/vrrp-hmac.ts';
import type { Authenticity, ForgeryReason, Signed } from './authenticity.ts';
import type { Sender } from './freshness.ts';
import type { InstanceSetup } from './instance-setup.ts';

export type DropReason =
  | ParseProblem
  | ForgeryReason
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
      /** Where advertisements are signed: what is known now of who sent this one, and the key it used. */
      readonly signed?: { readonly sender: Sender | undefined; readonly key: HmacKey | null };
    }
  | {
      readonly verdict: 'dropped';
      readonly instance: string;
      readonly reason: DropReason;
      /** Not believed, but of somebody who has the key and is there: see authenticity.ts. */
      readonly isAlive?: true;
      readonly sender?: Sender;
      /** Where it has a readable one: for whoever wants to know what strangers say. */
      readonly advertisement?: Advertisement;
    }
  /** For none of our virtual routers: another VRID, or too broken to tell. */
  | { readonly verdict: 'foreign'; readonly reason: DropReason | 'vrid' };

/** Of an instance's packet; undefined: its advertisements are not signed. */
export type Authenticate = (instance: string, signed: Signed) => Authenticity | undefined;

/** @param setups the instances that listen where the packet came in. Never throws. */
export function acceptPacket(
  packet: Received,
  setups: readonly InstanceSetup[],
  authenticate: Authenticate = () => undefined,
): Acceptance {
  const { message, trailer } = splitTrailer(packet.payload, familyOf(packet.source));
  const parsed = parseAdvertisement(message, packet, trailer ?? undefined);
  const vrid = parsed.ok ? parsed.advertisement.vrid : parsed.vrid;
  const setup = setups.find((one) => one.vrid === vrid);
  if (setup === undefined)
    return { verdict: 'foreign', reason: parsed.ok || vrid !== undefined ? 'vrid' : parsed.problem };
  const envelope = envelopeProblem(packet, setup);
  if (!parsed.ok) return { verdict: 'dropped', instance: setup.name, reason: envelope ?? parsed.problem };
  const { advertisement } = parsed;
  const signed = { message, trailer, source: packet.source };
  const judged =
    envelope === undefined
      ? acceptance(advertisement, signed, setup, authenticate)
      : ({ verdict: 'dropped', instance: setup.name, reason: envelope } as const);
  return judged.verdict === 'dropped' ? { ...judged, advertisement } : judged;
}

/** Of one that has come as it should. */
function acceptance(
  advertisement: Advertisement,
  signed: Signed,
  setup: InstanceSetup,
  authenticate: Authenticate,
): Acceptance {
  const instance = setup.name;
  const authenticity = authenticate(instance, signed);
  // one that does not know of signatures sees a packet that is too long
  if (authenticity === undefined && signed.trailer !== null) return { verdict: 'dropped', instance, reason: 'length' };
  if (authenticity?.authentic === false) return forged(instance, authenticity);
  const problem = contentProblem(advertisement, setup);
  if (problem !== undefined) return { verdict: 'dropped', instance, reason: problem };
  const notes = notesOn(advertisement, setup);
  if (authenticity === undefined) return { verdict: 'accepted', instance, advertisement, notes };
  const { sender, key } = authenticity;
  return {
    verdict: 'accepted',
    instance,
    advertisement,
    notes: [...notes, ...authenticity.notes],
    signed: { sender, key },
  };
}

function forged(
  instance: string,
  { reason, isAlive, sender }: Extract<Authenticity, { authentic: false }>,
): Acceptance {
  return {
    verdict: 'dropped',
    instance,
    reason,
    ...(isAlive ? { isAlive } : {}),
    ...(sender === undefined ? {} : { sender }),
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
