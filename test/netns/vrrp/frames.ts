/**
 * Ethernet frames as a witness reads them: VRRP advertisements, gratuitous ARP and neighbour advertisements. Written from the
 * RFCs anew and apart from src/wire, so that one mistake does not hide the other.
 */
import ipaddr from 'ipaddr.js';

export interface SeenAdvert {
  readonly atMs: number;
  readonly mac: string;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  /** Version 2 with authentication type 1; null: without. */
  readonly password: string | null;
  readonly checksum: 'plain' | 'pseudo-header' | 'wrong';
  /** Of one with an HMAC trailer. */
  readonly signature: { readonly keyId: number; readonly covers: Buffer; readonly mac: Buffer } | null;
}

/** Someone tells the whole segment that an address is at a MAC. */
export interface SeenAnnouncement {
  readonly atMs: number;
  readonly form: 'arp' | 'na';
  readonly address: string;
  readonly mac: string;
}

interface Packet {
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly protocol: number;
  readonly ttl: number;
  readonly payload: Buffer;
}

const VRRP = 112;
const ICMPV6 = 58;

export function advertIn(frame: Buffer, atMs: number): SeenAdvert | undefined {
  const packet = packetIn(frame);
  if (packet?.protocol !== VRRP || packet.payload.length < 8) return undefined;
  const { source, destination, ttl, payload } = packet;
  const version = payload.readUInt8(0) >> 4;
  const [vrid, priority, count] = [payload.readUInt8(1), payload.readUInt8(2), payload.readUInt8(3)];
  const end = 8 + count * source.length;
  const isAuthenticated = version === 2 && payload.readUInt8(4) === 1;
  return {
    atMs,
    mac: macAt(frame, 6),
    source: textOf(source),
    destination: textOf(destination),
    ttl,
    version,
    vrid,
    priority,
    intervalMs: version === 2 ? payload.readUInt8(5) * 1000 : (payload.readUInt16BE(4) & 0x0fff) * 10,
    addresses: Array.from({ length: count }, (_, index) =>
      textOf(payload.subarray(8 + index * source.length, 8 + (index + 1) * source.length)),
    ),
    password: isAuthenticated ? payload.toString('latin1', end, end + 8).replace(/\0+$/, '') : null,
    checksum: checksumOf(packet, messageLength(packet)),
    signature: signatureIn(packet),
  };
}

function messageLength({ source, payload }: Packet): number {
  return 8 + payload.readUInt8(3) * source.length + (payload.readUInt8(0) >> 4 === 2 ? 8 : 0);
}

/** draft-cassen-vrrp-auth-hmac: family, version, VRID, 0, source; message without checksum; 12 bytes of trailer; 16 zeros. */
function signatureIn(packet: Packet): SeenAdvert['signature'] {
  const { source, payload } = packet;
  const length = messageLength(packet);
  if (payload.length !== length + 28) return null;
  const pseudoHeader = Buffer.alloc(20);
  pseudoHeader.set([source.length === 4 ? 4 : 6, payload.readUInt8(0) >> 4, payload.readUInt8(1), 0, ...source]);
  const covered = Buffer.concat([pseudoHeader, payload.subarray(0, length + 12), Buffer.alloc(16)]);
  covered.writeUInt16BE(0, 26);
  return { keyId: payload.readUInt8(length + 1), covers: covered, mac: Buffer.from(payload.subarray(length + 12)) };
}

export function announcementIn(frame: Buffer, atMs: number): SeenAnnouncement | undefined {
  if (frame.readUInt16BE(12) === 0x0806) {
    const [sender, target] = [frame.subarray(28, 32), frame.subarray(38, 42)];
    if (!sender.equals(target)) return undefined;
    return { atMs, form: 'arp', address: textOf(sender), mac: macAt(frame, 22) };
  }
  const packet = packetIn(frame);
  if (packet?.protocol !== ICMPV6 || packet.payload.readUInt8(0) !== 136) return undefined;
  if (textOf(packet.destination) !== 'ff02::1' || packet.payload.length < 32) return undefined;
  return { atMs, form: 'na', address: textOf(packet.payload.subarray(8, 24)), mac: macAt(packet.payload, 26) };
}

/** Ethernet pads short packets: the header says how long one is. */
function packetIn(frame: Buffer): Packet | undefined {
  const type = frame.readUInt16BE(12);
  const bytes = frame.subarray(14);
  if (type === 0x0800) {
    const header = (bytes.readUInt8(0) & 0x0f) * 4;
    return {
      source: bytes.subarray(12, 16),
      destination: bytes.subarray(16, 20),
      protocol: bytes.readUInt8(9),
      ttl: bytes.readUInt8(8),
      payload: bytes.subarray(header, bytes.readUInt16BE(2)),
    };
  }
  if (type !== 0x86dd) return undefined;
  return {
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    protocol: bytes.readUInt8(6),
    ttl: bytes.readUInt8(7),
    payload: bytes.subarray(40, 40 + bytes.readUInt16BE(4)),
  };
}

/** Sums to 0xffff with or without what RFC 9568 section 5.2.8 puts before it; over IPv4 a trailer is no part of it. */
function checksumOf(packet: Packet, length: number): SeenAdvert['checksum'] {
  const { source, destination } = packet;
  const payload = source.length === 4 ? packet.payload.subarray(0, length) : packet.payload;
  const lengthField = Buffer.from([0, 0, payload.length >> 8, payload.length & 255]);
  const pseudoHeader = Buffer.concat([source, destination, lengthField, Buffer.from([0, 0, 0, VRRP])]);
  if (onesSum(payload) === 0xffff) return 'plain';
  return onesSum(Buffer.concat([pseudoHeader, payload])) === 0xffff ? 'pseudo-header' : 'wrong';
}

function onesSum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function textOf(bytes: Buffer): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}

function macAt(bytes: Buffer, offset: number): string {
  return [...bytes.subarray(offset, offset + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
