/**
 * A second reading of what RFC 9568 and RFC 3768 section 7.1 ask of a packet before it is believed, written apart from
 * src/vrrp/accept.ts and src/wire/vrrp.ts and as simple as can be: bytes against a setup, one rule a line, in no order that matters.
 */
import { createHmac } from 'node:crypto';
import type { Received } from '../../src/vrrp/accept.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { addressBytes } from '../../src/wire/address.ts';

/** What else is asked of advertisements that are signed. */
export interface SignatureRule {
  readonly keyId: number;
  readonly key: Uint8Array;
  readonly isRequired: boolean;
  readonly wallSeconds: number;
  readonly windowSeconds: number;
  /** Of the last one of the same source that was believed. */
  readonly last: bigint | null;
}

export function mayBeBelieved(setup: InstanceSetup, packet: Received, rule?: SignatureRule): boolean {
  const length = 8 + (packet.payload[3] ?? 0) * (setup.family === 4 ? 4 : 16) + (setup.version === 2 ? 8 : 0);
  const isSigned = rule !== undefined && packet.payload.length === length + 28;
  if (!isSigned) return rule?.isRequired !== true && isAdvertisement(setup, packet, packet.payload.length);
  return isAdvertisement(setup, packet, length) && isGenuine(packet, length, rule);
}

/** draft-cassen-vrrp-auth-hmac: type 1 and nothing reserved; the key by its number; of about now; after the last. */
function isGenuine({ payload, source }: Received, length: number, rule: SignatureRule): boolean {
  const trailer = Buffer.from(payload.subarray(length));
  const address = addressBytes(source);
  const covered = Buffer.concat([
    Buffer.from([address.length === 4 ? 4 : 6, (payload[0] ?? 0) >> 4, payload[1] ?? 0, 0]),
    Buffer.concat([address], 16),
    payload.subarray(0, 6),
    Buffer.alloc(2),
    payload.subarray(8, length),
    trailer.subarray(0, 12),
    Buffer.alloc(16),
  ]);
  const mac = createHmac('sha256', rule.key).update(covered).digest().subarray(0, 16);
  const [sequence, seconds] = [trailer.readBigUInt64BE(4), trailer.readUInt32BE(4) + trailer.readUInt16BE(8) / 65_536];
  return (
    trailer.readUInt32BE(0) === 0x0100_0000 + rule.keyId * 0x1_0000 &&
    mac.equals(trailer.subarray(12)) &&
    Math.abs(seconds - rule.wallSeconds) <= rule.windowSeconds &&
    (rule.last === null || sequence > rule.last)
  );
}

/** @param length of the message: what follows is a trailer, and part of the checksum over IPv6 only */
function isAdvertisement(setup: InstanceSetup, received: Received, length: number): boolean {
  const { source, destination, ttl } = received;
  const payload = received.payload.subarray(0, length);
  const summed = setup.family === 6 ? received.payload : payload;
  const byte = (index: number): number => payload[index] ?? -1;
  const { version, family } = setup;
  const rules = [
    // the envelope: 5.1.1.3 and 5.1.2.3 for multicast; unicast, which no RFC knows, is of known peers
    source !== setup.source,
    setup.transport === 'unicast' || (destination === setup.group && ttl === 255),
    setup.transport === 'multicast' || (destination !== setup.group && setup.peers.includes(source)),
    // 5.2.1 to 5.2.5: version and type, VRID, at least one address, all of them there and nothing else
    payload.length >= 8,
    byte(0) === version * 16 + 1,
    byte(1) === setup.vrid,
    byte(3) >= 1,
    payload.length === 8 + byte(3) * (family === 4 ? 4 : 16) + (version === 2 ? 8 : 0),
    // 5.2.8: in version 2 of the message alone; in version 3 over IPv6 with a pseudo-header, over IPv4 either way
    (family === 4 && onesSum(payload) === 0xffff) ||
      (version === 3 && onesSum(pseudoHeader(source, destination, summed.length), summed) === 0xffff),
    // 5.2.7 with erratum 8301; RFC 3768: exactly the configured one
    version === 2 ? byte(5) * 1000 === setup.advertIntervalMs : (byte(4) % 16) * 256 + byte(5) > 0,
    version === 3 || isAuthentic(setup.password, byte(4), payload.subarray(-8)),
  ];
  return rules.every((holds) => holds);
}

/** RFC 2338 section 5.3.6: type 0, or type 1 and the password, filled up with zeros. */
function isAuthentic(password: string | null, type: number, data: Uint8Array): boolean {
  if (password === null) return type === 0;
  const expected = [...password.padEnd(8, '\0')].map((character) => character.charCodeAt(0));
  return type === 1 && expected.every((value, index) => value === data[index]);
}

/** RFC 1071: over bytes with a right checksum in them it is 0xffff. */
export function onesSum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) for (const [index, value] of part.entries()) sum += index % 2 === 0 ? value * 256 : value;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** RFC 5798 section 5.2.8 over IPv4, RFC 8200 section 8.1 over IPv6; the sum is the same wherever the length stands. */
export function pseudoHeader(
  source: Received['source'],
  destination: Received['destination'],
  length: number,
): Uint8Array {
  return Uint8Array.from([...addressBytes(source), ...addressBytes(destination), 0, 112, length >> 8, length & 0xff]);
}
