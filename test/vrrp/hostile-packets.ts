/**
 * Packets that an enemy, a broken peer or a bad cable might send: valid ones of every form, changed in one to four ways. Half of
 * the changed ones get a right checksum again, so that what was changed gets past it.
 */
import { createHmac } from 'node:crypto';
import type { HmacKey } from '../../src/config/hmac-key.ts';
import type { Received } from '../../src/vrrp/accept.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { type Address, addressFromBytes } from '../../src/wire/address.ts';
import { encodeAdvertisement } from '../../src/wire/vrrp.ts';
import { trailerOf } from '../../src/wire/vrrp-hmac.ts';
import { onesSum, pseudoHeader } from './acceptance-oracle.ts';
import { address, instanceSetup, VIRTUAL_ADDRESS } from './configuration.ts';
import { pick, type Random } from './random.ts';

/** A virtual router of ours, and a peer whose packets it believes. */
export interface Form {
  readonly name: string;
  readonly setup: InstanceSetup;
  readonly peer: Address;
  /** The key that advertisements are signed with, and whether others are believed, too. */
  readonly hmac?: { readonly key: HmacKey; readonly unsigned: 'believed' | 'refused' };
}

/** Epoch ms: when all of it happens. */
export const WALL_MS = 1_795_000_000_000;
const KEY: HmacKey = { id: 9, bytes: Uint8Array.from({ length: 32 }, (_, index) => index) };

const many = (count: number): InstanceSetup['addresses'] =>
  Array.from({ length: count }, (_, index) => ({ ...VIRTUAL_ADDRESS, address: address(`10.9.1.${index}`) }));
const holding = (addresses: InstanceSetup['addresses']): Partial<InstanceSetup> => ({
  addresses,
  advertised: addresses.map((one) => one.address),
});
const V6: Partial<InstanceSetup> = {
  family: 6,
  source: address('fe80::2'),
  group: address('ff02::12'),
  ...holding(
    ['fe80::100', '2001:db8::100'].map((text) => ({ ...VIRTUAL_ADDRESS, address: address(text), prefixLength: 128 })),
  ),
};
const unicast = (peer: string): Partial<InstanceSetup> => ({ transport: 'unicast', peers: [address(peer)] });

const form = (name: string, more: Partial<InstanceSetup> = {}, peer = '10.9.0.1'): Form => ({
  name,
  setup: instanceSetup({ preempt: true, ...more }),
  peer: address(peer),
});
const v6 = (name: string, more: Partial<InstanceSetup> = {}): Form => form(name, { ...V6, ...more }, 'fe80::1');

export const FORMS: readonly Form[] = [
  form('version 3'),
  form('version 3, plain checksum', { checksum: 'plain' }),
  form('version 3, unicast', unicast('10.9.0.1')),
  form('version 3, 20 addresses', holding(many(20))),
  form('version 3, 255 addresses', holding(many(255))),
  form('version 3, owner', { basePriority: 255 }),
  form('version 2', { version: 2 }),
  form('version 2, unicast, 3 s', { version: 2, advertIntervalMs: 3000, ...unicast('10.9.0.1') }),
  form('version 2, password', { version: 2, password: 's3cret' }),
  form('version 2, password of 8, 20 addresses', { version: 2, password: 'eightlet', ...holding(many(20)) }),
  v6('IPv6'),
  v6('IPv6, unicast', unicast('fe80::1')),
  { ...form('version 3, signed'), hmac: { key: KEY, unsigned: 'refused' } },
  { ...form('version 3, unicast, signed or not', unicast('10.9.0.1')), hmac: { key: KEY, unsigned: 'believed' } },
  { ...form('version 2, signed', { version: 2 }), hmac: { key: KEY, unsigned: 'refused' } },
  { ...v6('IPv6, signed'), hmac: { key: KEY, unsigned: 'refused' } },
];

let sent = 0n;

/** Of a sender that says a great deal in a moment. */
function nextSequence(): bigint {
  sent += 1n;
  return (BigInt(Math.floor((WALL_MS - 2_000) * 65.536)) << 16n) + sent * 2_000n;
}

/** What the peer itself would send. @param sequence of one that is signed */
export function validPacket({ setup, peer: source, hmac }: Form, random: Random, sequence = nextSequence()): Received {
  const { version, vrid, transport, group, checksum, password } = setup;
  const destination = transport === 'multicast' ? group : setup.source!;
  const advertIntervalMs = version === 2 ? setup.advertIntervalMs : pick(random, [10, 200, 1000, 40_950]);
  const priority = pick(random, [0, 1, 99, 100, 101, 254, 255]);
  const authentication = password === null ? { type: 0, data: '' } : { type: 1, data: password };
  const addresses = setup.advertised;
  const value = { version, vrid, priority, addresses, advertIntervalMs };
  const whole = { ...value, authentication: version === 2 ? authentication : null };
  const sign = hmac && ((message: Uint8Array) => signed(message, source, hmac.key, sequence));
  const payload = encodeAdvertisement(whole, checksum, { source, destination }, sign);
  return { payload, source, destination, ttl: 255 };
}

function signed(
  message: Uint8Array,
  source: Address,
  { id: keyId, bytes: key }: HmacKey,
  sequence: bigint,
): Uint8Array {
  return trailerOf(message, { source, keyId, key, sequence }, (own, bytes) =>
    createHmac('sha256', own).update(bytes).digest(),
  );
}

type Change = (packet: Received, form: Form, random: Random) => Received;

const withPayload =
  (change: (payload: Uint8Array, random: Random) => Uint8Array): Change =>
  (packet, _form, random) => ({ ...packet, payload: change(packet.payload.slice(), random) });

/** Those, a random bit of a long packet seldom meets. */
const fixedField = withPayload((payload, random) => {
  const index = random(8);
  if (index < payload.length) payload[index] = pick(random, [0, 1, 0x21, 0x31, 0x32, 0x41, 51, 255, random(256)]);
  return payload;
});

/** Version 2 has it in byte 5, version 3 in both. */
const noInterval = withPayload((payload) => {
  if (payload.length >= 8) payload.fill(0, 4, 6);
  return payload;
});

const asOtherVersion: Change = (packet, { setup, peer }, random) => {
  const version = setup.version === 2 ? 3 : 2;
  if (setup.family === 6) return packet;
  const other = { ...setup, version, password: null, advertIntervalMs: 1000 } as const;
  return { ...packet, payload: validPacket({ name: '', setup: other, peer }, random).payload };
};

/** The last byte but some, where version 2 has its password. */
const wrongPassword = withPayload((payload, random) => {
  const index = payload.length - 1 - random(8);
  if (index >= 0) payload[index] = random(256);
  return payload;
});

const CHANGES: readonly Change[] = [
  withPayload((payload, random) => {
    const bit = random(Math.max(1, payload.length) * 8);
    if (payload.length > 0) payload[bit >> 3] = (payload[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return payload;
  }),
  fixedField,
  fixedField,
  fixedField,
  noInterval,
  asOtherVersion,
  wrongPassword,
  withPayload((_payload, random) => Uint8Array.from({ length: random(60) }, () => random(256))),
  withPayload((payload, random) => payload.subarray(0, random(payload.length + 1))),
  withPayload((payload, random) => payload.subarray(0, Math.max(0, payload.length - pick(random, [1, 4, 8, 16])))),
  withPayload((payload, random) =>
    Uint8Array.from([...payload, ...Array.from({ length: pick(random, [1, 4, 8, 16, 28]) }, () => random(256))]),
  ),
  (packet, _form, random) => ({ ...packet, ttl: pick(random, [0, 1, 64, 254, -1]) }),
  (packet, { setup }) => ({ ...packet, source: setup.source! }),
  (packet, { setup }, random) => ({
    ...packet,
    source: addressFromBytes(Uint8Array.from({ length: setup.family === 4 ? 4 : 16 }, () => random(256))),
  }),
  (packet, { setup }) => ({
    ...packet,
    destination: packet.destination === setup.group ? setup.source! : setup.group,
  }),
];

/** Those of one that is signed: as an enemy changes them, or a peer whose clock or memory fails. */
const SIGNED_CHANGES: readonly Change[] = [
  withPayload((payload) => payload.subarray(0, -28)),
  withPayload((payload, random) => {
    payload[payload.length - 28 + pick(random, [0, 1, 2, 3])] = random(256);
    return payload;
  }),
  withPayload((payload, random) => {
    payload[payload.length - 1 - random(24)] = random(256);
    return payload;
  }),
  (_packet, form, random) =>
    validPacket(form, random, BigInt.asUintN(64, nextSequence() - (BigInt(random(60_000)) << 32n))),
  (_packet, form, random) =>
    validPacket(form, random, BigInt.asUintN(64, nextSequence() + (BigInt(random(60_000)) << 32n))),
  (_packet, form, random) => validPacket(form, random, nextSequence() - BigInt(random(100_000))),
];

/** One to four changes, or none at all once in sixteen. */
export function hostilePacket(form: Form, random: Random): Received {
  let packet = validPacket(form, random);
  if (random(16) === 0) return packet;
  if (form.hmac && random(2) === 0) return pick(random, SIGNED_CHANGES)(packet, form, random);
  for (let count = pick(random, [1, 1, 1, 1, 2, 4]); count > 0; count--)
    packet = pick(random, CHANGES)(packet, form, random);
  return random(2) === 0 ? packet : mended(packet, form, random);
}

/** With the checksum that its bytes ask for. */
function mended({ payload, ...envelope }: Received, { setup }: Form, random: Random): Received {
  if (payload.length < 8) return { payload, ...envelope };
  const bytes = payload.slice();
  bytes.fill(0, 6, 8);
  const isPlain = setup.family === 4 && (setup.version === 2 || random(2) === 0);
  const sum = onesSum(...(isPlain ? [] : [pseudoHeader(envelope.source, envelope.destination, bytes.length)]), bytes);
  bytes[6] = (0xffff - sum) >> 8;
  bytes[7] = (0xffff - sum) & 0xff;
  return { payload: bytes, ...envelope };
}
