/**
 * VRRP advertisements, versions 2 (RFC 3768 section 5) and 3 (RFC 5798 section 5, RFC 9568 section 5), as values.
 *
 * ```
 *  0                   1                   2                   3        version 2 (RFC 3768 section 5.1)
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Version| Type  | Virtual Rtr ID|   Priority    |Count IP Addrs |
 * |   Auth Type   | Adver Int (s) |           Checksum            |
 * |                  IP Address(es), 4 bytes each                 |
 * |               Authentication Data, always 8 bytes             |
 *
 *  0                   1                   2                   3        version 3 (RFC 9568 section 5.1)
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |Version| Type  | Virtual Rtr ID|   Priority    |Count IPvX Addr|
 * | Rsvd  | Max Advertise Int (cs)|           Checksum            |
 * |              IPvX Address(es), 4 or 16 bytes each             |
 * ```
 * The version 3 checksum over IPv4: RFC 5798 section 5.2.8 puts the pseudo-header in, RFC 9568 section 5.2.8 leaves it out
 * for IPv4. keepalived 2.2.7 and FRR 8.4 send it with, discard it without, and have no switch; newer ones do. The form sent is an option, both are read.
 */
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from './address.ts';
import { internetChecksum } from './checksum.ts';

export const VRRP_PROTOCOL = 112;

const TYPE_ADVERTISEMENT = 1;
const FIXED_BYTES = 8;
/** Present in every version 2 packet, authenticated or not (RFC 3768 section 5.3.10). */
const AUTHENTICATION_BYTES = 8;
const NOTHING: Uint8Array = new Uint8Array(0);
const MS_PER_SECOND = 1000;
const MS_PER_CENTISECOND = 10;

export interface Advertisement {
  readonly version: 2 | 3;
  readonly vrid: number;
  /** 0: the sender gives the role away; 255: it owns the addresses. */
  readonly priority: number;
  /** At least one on the wire. */
  readonly addresses: readonly Address[];
  /** A multiple of 1000 up to 255,000 (version 2) or of 10 up to 40,950 (version 3). */
  readonly advertIntervalMs: number;
  /** Version 2 only, null in version 3. */
  readonly authentication: Authentication | null;
}

/** RFC 2338 section 5.3.6: 0 none, 1 simple text password. */
export interface Authentication {
  readonly type: number;
  /** At most 8 bytes as Latin-1 characters, trailing zeros taken off. */
  readonly data: string;
}

export type ChecksumForm = 'pseudo-header' | 'plain';

/** The addresses of the IP header around an advertisement: part of the version 3 checksum. */
export interface Endpoints {
  readonly source: Address;
  readonly destination: Address;
}

export type ParseProblem = 'truncated' | 'version' | 'type' | 'no-addresses' | 'length' | 'interval' | 'checksum';

export type ParseResult =
  | { readonly ok: true; readonly advertisement: Advertisement; readonly checksum: ChecksumForm }
  /** `vrid` and `version` as far as they could be read, so that the right counter goes up. */
  | { readonly ok: false; readonly problem: ParseProblem; readonly vrid?: number; readonly version?: number };

/**
 * @param trailerOf makes what follows the message (src/wire/vrrp-hmac.ts) of the message without its checksum
 * @throws RangeError when a field does not fit the wire: a mistake of the caller's, never of a peer's.
 */
export function encodeAdvertisement(
  value: Advertisement,
  form: ChecksumForm,
  endpoints: Endpoints,
  trailerOf?: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  checkRanges(value);
  const addresses = value.addresses.map(addressBytes);
  const addressesLength = addresses.reduce((sum, bytes) => sum + bytes.length, 0);
  const bytes = new Uint8Array(FIXED_BYTES + addressesLength + (value.version === 2 ? AUTHENTICATION_BYTES : 0));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (value.version << 4) | TYPE_ADVERTISEMENT);
  view.setUint8(1, value.vrid);
  view.setUint8(2, value.priority);
  view.setUint8(3, addresses.length);
  if (value.version === 2) {
    view.setUint8(4, value.authentication?.type ?? 0);
    view.setUint8(5, value.advertIntervalMs / MS_PER_SECOND);
  } else {
    view.setUint16(4, value.advertIntervalMs / MS_PER_CENTISECOND);
  }
  let offset = FIXED_BYTES;
  for (const address of addresses) {
    bytes.set(address, offset);
    offset += address.length;
  }
  if (value.version === 2) bytes.set(latin1(value.authentication?.data ?? ''), offset);
  const trailer = trailerOf?.(bytes) ?? NOTHING;
  view.setUint16(6, messageChecksum(bytes, trailer, formFor(value.version, form, endpoints), endpoints));
  return trailer.length === 0 ? bytes : Uint8Array.from([...bytes, ...trailer]);
}

/**
 * Never throws, whatever the bytes are.
 * @param bytes the message alone
 * @param trailer what followed it
 */
export function parseAdvertisement(bytes: Uint8Array, endpoints: Endpoints, trailer = NOTHING): ParseResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FIXED_BYTES) return { ok: false, problem: 'truncated' };
  const version = view.getUint8(0) >> 4;
  const vrid = view.getUint8(1);
  const refuse = (problem: ParseProblem): ParseResult => ({ ok: false, problem, vrid, version });
  if (version !== 2 && version !== 3) return refuse('version');
  if ((view.getUint8(0) & 0x0f) !== TYPE_ADVERTISEMENT) return refuse('type');
  const family = familyOf(endpoints.source);
  if (version === 2 && family === 6) return refuse('version');
  const count = view.getUint8(3);
  if (count === 0) return refuse('no-addresses');
  if (bytes.length !== messageLength(version, family, count)) return refuse('length');
  const checksum = matchingChecksum(bytes, trailer, version, endpoints);
  if (checksum === undefined) return refuse('checksum');
  const advertIntervalMs =
    version === 2 ? view.getUint8(5) * MS_PER_SECOND : (view.getUint16(4) & 0x0fff) * MS_PER_CENTISECOND;
  if (advertIntervalMs === 0) return refuse('interval');
  const addresses = readAddresses(bytes, family, count);
  const authentication =
    version === 2 ? { type: view.getUint8(4), data: text(bytes.subarray(bytes.length - AUTHENTICATION_BYTES)) } : null;
  const priority = view.getUint8(2);
  return {
    ok: true,
    advertisement: { version, vrid, priority, addresses, advertIntervalMs, authentication },
    checksum,
  };
}

function messageLength(version: 2 | 3, family: Family, count: number): number {
  return FIXED_BYTES + count * (family === 4 ? 4 : 16) + (version === 2 ? AUTHENTICATION_BYTES : 0);
}

function readAddresses(bytes: Uint8Array, family: Family, count: number): Address[] {
  const length = family === 4 ? 4 : 16;
  return Array.from({ length: count }, (_, index) => {
    const start = FIXED_BYTES + index * length;
    return addressFromBytes(bytes.subarray(start, start + length));
  });
}

/** The form whose checksum is right, or undefined when neither is. */
function matchingChecksum(
  bytes: Uint8Array,
  trailer: Uint8Array,
  version: 2 | 3,
  endpoints: Endpoints,
): ChecksumForm | undefined {
  const stored = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
  const forms: readonly ChecksumForm[] =
    version === 2 ? ['plain'] : familyOf(endpoints.source) === 6 ? ['pseudo-header'] : ['pseudo-header', 'plain'];
  return forms.find((form) => sameChecksum(messageChecksum(bytes, trailer, form, endpoints), stored));
}

/** 0x0000 and 0xffff are the same number in ones' complement (RFC 1071 section 1). */
function sameChecksum(computed: number, stored: number): boolean {
  return computed === stored || (computed % 0xffff === 0 && stored % 0xffff === 0);
}

/** Version 2 has no pseudo-header; over IPv6 there always is one (RFC 9568 section 5.2.8). */
function formFor(version: 2 | 3, form: ChecksumForm, endpoints: Endpoints): ChecksumForm {
  if (version === 2) return 'plain';
  return familyOf(endpoints.source) === 6 ? 'pseudo-header' : form;
}

/** A trailer is part of what the kernel sums up over IPv6, and of nothing over IPv4 (as keepalived 2.4.2 has it). */
function messageChecksum(bytes: Uint8Array, trailer: Uint8Array, form: ChecksumForm, endpoints: Endpoints): number {
  const message = bytes.slice();
  message.fill(0, 6, 8);
  const parts = familyOf(endpoints.source) === 6 ? [message, trailer] : [message];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return form === 'plain' ? internetChecksum(...parts) : internetChecksum(pseudoHeader(endpoints, length), ...parts);
}

/** IPv4: RFC 5798 section 5.2.8, laid out as TCP's; IPv6: RFC 8200 section 8.1. */
function pseudoHeader({ source, destination }: Endpoints, length: number): Uint8Array {
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  const tail =
    from.length === 4
      ? [0, VRRP_PROTOCOL, length >> 8, length & 0xff]
      : [0, 0, length >> 8, length & 0xff, 0, 0, 0, VRRP_PROTOCOL];
  return Uint8Array.from([...from, ...to, ...tail]);
}

function checkRanges(value: Advertisement): void {
  const unitMs = value.version === 2 ? MS_PER_SECOND : MS_PER_CENTISECOND;
  const longestMs = value.version === 2 ? 255 * MS_PER_SECOND : 4095 * MS_PER_CENTISECOND;
  const { advertIntervalMs: interval, vrid, priority, addresses, authentication } = value;
  if (interval % unitMs !== 0 || interval < unitMs || interval > longestMs)
    throw new RangeError(`advertisement interval ${interval} ms does not fit version ${value.version}`);
  if (!isByte(vrid) || !isByte(priority)) throw new RangeError(`VRID ${vrid} or priority ${priority} is not a byte`);
  if (addresses.length === 0 || addresses.length > 255)
    throw new RangeError(`an advertisement carries 1 to 255 addresses, not ${addresses.length}`);
  if (value.version === 3 && authentication !== null)
    throw new RangeError('version 3 has no authentication field (RFC 5798 section 9)');
  if (authentication !== null && authentication.data.length > AUTHENTICATION_BYTES)
    throw new RangeError(`authentication data has ${authentication.data.length} bytes, more than 8`);
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

function latin1(characters: string): Uint8Array {
  return Uint8Array.from(characters, (character) => character.charCodeAt(0) & 0xff);
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/\0+$/, '');
}
