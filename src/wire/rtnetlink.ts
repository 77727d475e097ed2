/** rtnetlink (rtnetlink(7)): addresses as values. Everything in host order but the addresses themselves. */
import { type Address, addressBytes, addressFromBytes, type Family, familyOf } from './address.ts';
import { MalformedError, Reader, Writer } from './cursor.ts';
import { type Attributes, AttributeWriter, decodeAttributes } from './netlink-attributes.ts';

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const AF_INET = 2;
const AF_INET6 = 10;

/** uapi/linux/if_addr.h. */
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_PROTO = 11;
const IFA_F_SECONDARY = 0x01;
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
const INFINITY_LIFE_TIME = 0xffff_ffff;

export type AddressScope = 'global' | 'site' | 'link' | 'host' | 'nowhere';

const SCOPES: readonly (readonly [AddressScope, number])[] = [
  ['global', 0],
  ['site', 200],
  ['link', 253],
  ['host', 254],
  ['nowhere', 255],
];

export interface AddressMessage {
  readonly ifindex: number;
  readonly family: Family;
  readonly address: Address;
  readonly prefixLength: number;
  readonly scope: AddressScope;
  readonly label: string | null;
  readonly broadcast: Address | null;
  readonly secondary: boolean;
  readonly tentative: boolean;
  readonly dadFailed: boolean;
  /** IFA_PROTO (rtm_protocol-like, since Linux 5.18); 0 when not told. */
  readonly protocol: number;
  /** Remaining when read, whole seconds; null: for ever. */
  readonly validSeconds: number | null;
  readonly preferredSeconds: number | null;
  /** In hundredths of a second since boot. */
  readonly createdCs: number;
  readonly updatedCs: number;
}

/** What a request to add says; to delete, only the first three matter. */
export interface AddressRequestMessage {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly scope: AddressScope;
  readonly label: string | null;
  readonly broadcast: Address | null;
  readonly validSeconds: number | null;
}

/** ifaddrmsg of zeros: every family. */
export function encodeAddressDump(): Uint8Array {
  return new Uint8Array(8);
}

/** ifaddrmsg: family u8 | prefix u8 | flags u8 | scope u8 | index u32. */
export function encodeAddress(request: AddressRequestMessage): Uint8Array {
  const { address, broadcast, label, validSeconds } = request;
  const bytes = addressBytes(address);
  const header = new Writer(8)
    .u8(familyOf(address) === 4 ? AF_INET : AF_INET6)
    .u8(request.prefixLength)
    .u8(0)
    .u8(SCOPES.find(([name]) => name === request.scope)?.[1] ?? 0)
    .u32Host(request.ifindex);
  const attributes = new AttributeWriter().raw(IFA_LOCAL, bytes).raw(IFA_ADDRESS, bytes);
  if (broadcast !== null) attributes.raw(IFA_BROADCAST, addressBytes(broadcast));
  if (label !== null) attributes.text(IFA_LABEL, label);
  // A VIP that waits for duplicate address detection (RFC 4862) answers nobody meanwhile; VRRP has settled who owns it.
  if (familyOf(address) === 6) attributes.u32(IFA_FLAGS, IFA_F_NODAD);
  const valid = validSeconds ?? INFINITY_LIFE_TIME;
  // IPv6 would else choose the VIP as source of the host's own traffic (RFC 6724 rule 3 avoids a deprecated address); IPv4 takes
  // the interface's first address, which a VIP is not.
  const preferred = familyOf(address) === 6 ? 0 : valid;
  attributes.raw(IFA_CACHEINFO, new Writer(16).u32Host(preferred).u32Host(valid).zeros(8).done());
  return header.bytes(attributes.done()).done();
}

/** @throws MalformedError, also for a family that is neither IPv4 nor IPv6 */
export function decodeAddress(payload: Uint8Array): AddressMessage {
  const input = new Reader(payload);
  const family = decodeFamily(input.u8());
  const prefixLength = input.u8();
  const shortFlags = input.u8();
  const scopeNumber = input.u8();
  const ifindex = input.u32Host();
  const attributes = decodeAttributes(input.rest());
  const flags = attributes.get(IFA_FLAGS) === undefined ? shortFlags : attributes.u32(IFA_FLAGS);
  const broadcast = attributes.get(IFA_BROADCAST);
  return {
    ifindex,
    family,
    // On a point-to-point link IFA_ADDRESS is the peer and IFA_LOCAL ours; IPv6 tells only IFA_ADDRESS without a peer.
    address: decodeIp(attributes.get(IFA_LOCAL) ?? attributes.need(IFA_ADDRESS), family),
    prefixLength,
    scope: SCOPES.find(([, number]) => number === scopeNumber)?.[0] ?? 'global',
    label: attributes.get(IFA_LABEL) === undefined ? null : attributes.text(IFA_LABEL),
    broadcast: broadcast === undefined ? null : decodeIp(broadcast, family),
    secondary: family === 4 && (flags & IFA_F_SECONDARY) !== 0,
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    dadFailed: (flags & IFA_F_DADFAILED) !== 0,
    protocol: attributes.get(IFA_PROTO) === undefined ? 0 : attributes.u8(IFA_PROTO),
    ...decodeCacheInfo(attributes),
  };
}

function decodeFamily(number: number): Family {
  if (number === AF_INET) return 4;
  if (number === AF_INET6) return 6;
  throw new MalformedError(`address of family ${number}`);
}

function decodeIp(bytes: Uint8Array, family: Family): Address {
  if (bytes.length !== (family === 4 ? 4 : 16))
    throw new MalformedError(`IPv${family} address of ${bytes.length} bytes`);
  return addressFromBytes(bytes);
}

/** ifa_cacheinfo: preferred u32 | valid u32 | created u32 | updated u32; the last two are the kernel's. */
function decodeCacheInfo(
  attributes: Attributes,
): Pick<AddressMessage, 'validSeconds' | 'preferredSeconds' | 'createdCs' | 'updatedCs'> {
  const bytes = attributes.get(IFA_CACHEINFO);
  if (bytes === undefined) return { validSeconds: null, preferredSeconds: null, createdCs: 0, updatedCs: 0 };
  const input = new Reader(bytes);
  const [preferred, valid] = [input.u32Host(), input.u32Host()];
  return {
    validSeconds: valid === INFINITY_LIFE_TIME ? null : valid,
    preferredSeconds: preferred === INFINITY_LIFE_TIME ? null : preferred,
    createdCs: input.u32Host(),
    updatedCs: input.u32Host(),
  };
}
