/** rtnetlink (rtnetlink(7)): links as values, read and changed. Everything in host order. */
import { Reader, Writer } from './cursor.ts';
import { macText } from './mac.ts';
import { type Attributes, AttributeWriter, decodeAttributes } from './netlink-attributes.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;

const AF_INET = 2;
const AF_INET6 = 10;

/** uapi/linux/if.h. */
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const IFF_LOWER_UP = 0x10000;

/** uapi/linux/if_link.h. */
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_AF_SPEC = 26;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODE_VEPA = 2;
const IFLA_INET_CONF = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;

/** Settings of IPv4 on one link (uapi/linux/ip.h, IPV4_DEVCONF_*), by their names below net.ipv4.conf. */
const IPV4_SETTINGS = { rp_filter: 8, arp_filter: 13, arp_ignore: 19 } as const;

export type Ipv4Settings = Readonly<Partial<Record<keyof typeof IPV4_SETTINGS, number>>>;

export interface LinkMessage {
  readonly index: number;
  readonly name: string;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Operational: up, with a carrier, and not dormant (IFF_RUNNING). */
  readonly running: boolean;
  /** IFF_LOWER_UP. */
  readonly carrier: boolean;
  /** `02:00:00:00:00:01`, empty where it has none. */
  readonly mac: string;
  readonly mtu: number;
  /** What someone wrote to it (IFLA_IFALIAS), empty where nobody did. */
  readonly alias: string;
  /** Of a macvlan, what it lies on and whether its mode is VEPA; null: it is none. */
  readonly macvlan: { readonly baseIndex: number; readonly isVepa: boolean } | null;
}

/** The body of a dump request for links: ifinfomsg of zeros (the strict check wants it whole). */
export function encodeLinkDump(): Uint8Array {
  return new Uint8Array(16);
}

/** ifinfomsg: family u8 | pad | type u16 | index i32 | flags u32 | change u32. @throws MalformedError */
export function decodeLink(payload: Uint8Array): LinkMessage {
  const input = new Reader(payload);
  input.skip(4);
  const [index, flags] = [input.i32Host(), input.u32Host()];
  input.skip(4);
  const attributes = decodeAttributes(input.rest());
  return {
    index,
    name: attributes.text(IFLA_IFNAME),
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    mac: decodeMac(attributes.get(IFLA_ADDRESS)),
    mtu: attributes.get(IFLA_MTU) === undefined ? 0 : attributes.u32(IFLA_MTU),
    alias: attributes.get(IFLA_IFALIAS) === undefined ? '' : attributes.text(IFLA_IFALIAS),
    macvlan: decodeMacvlan(attributes),
  };
}

/** Only Ethernet's six bytes; tunnels carry an IP address there, loopback zeros. */
function decodeMac(bytes: Uint8Array | undefined): string {
  if (bytes?.length !== 6 || bytes.every((byte) => byte === 0)) return '';
  return macText(bytes);
}

/** Word that a link is gone may tell less of it. */
function decodeMacvlan(attributes: Attributes): LinkMessage['macvlan'] {
  if (attributes.get(IFLA_LINKINFO) === undefined) return null;
  const info = attributes.nested(IFLA_LINKINFO);
  if (info.get(IFLA_INFO_KIND) === undefined || info.text(IFLA_INFO_KIND) !== 'macvlan') return null;
  const mode = info.get(IFLA_INFO_DATA) === undefined ? 0 : info.nested(IFLA_INFO_DATA).u32(IFLA_MACVLAN_MODE);
  const baseIndex = attributes.get(IFLA_LINK) === undefined ? 0 : attributes.u32(IFLA_LINK);
  return { baseIndex, isVepa: mode === MACVLAN_MODE_VEPA };
}

export interface MacvlanRequest {
  readonly name: string;
  readonly baseIndex: number;
  /** `00:00:5e:00:01:33`. */
  readonly mac: string;
}

/**
 * To make a macvlan that is down. VEPA: it talks to nobody within the host, and what another MASTER sends from the same MAC is
 * heard by the base, which no other mode without bridging allows: in private mode the kernel takes it for the macvlan's own
 * (drivers/net/macvlan.c, macvlan_handle_frame), and two MASTERs would never hear of each other.
 */
export function encodeMacvlan({ name, baseIndex, mac }: MacvlanRequest): Uint8Array {
  const bytes = Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
  const attributes = new AttributeWriter()
    .text(IFLA_IFNAME, name)
    .u32(IFLA_LINK, baseIndex)
    .raw(IFLA_ADDRESS, bytes)
    .nested(IFLA_LINKINFO, (info) =>
      info
        .text(IFLA_INFO_KIND, 'macvlan')
        .nested(IFLA_INFO_DATA, (data) => data.u32(IFLA_MACVLAN_MODE, MACVLAN_MODE_VEPA)),
    );
  return header({}).bytes(attributes.done()).done();
}

/** By name, as all below: a link that was made by the message before has no index that is known yet. */
export function encodeAlias(name: string, alias: string): Uint8Array {
  return header({}).bytes(named(name).text(IFLA_IFALIAS, alias).done()).done();
}

export function encodeIpv4Settings(name: string, settings: Ipv4Settings): Uint8Array {
  const attributes = named(name).nested(IFLA_AF_SPEC, (families) =>
    families.nested(AF_INET, (inet) =>
      inet.nested(IFLA_INET_CONF, (conf) => {
        for (const [key, value] of Object.entries(settings)) conf.u32(IPV4_SETTINGS[key as keyof Ipv4Settings], value);
      }),
    ),
  );
  return header({}).bytes(attributes.done()).done();
}

/** No link-local IPv6 address by itself. */
export function encodeNoIpv6Address(name: string): Uint8Array {
  const attributes = named(name).nested(IFLA_AF_SPEC, (families) =>
    families.nested(AF_INET6, (inet6) => inet6.u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE)),
  );
  return header({}).bytes(attributes.done()).done();
}

export function encodeUp(name: string, up: boolean): Uint8Array {
  return header({ flags: up ? IFF_UP : 0, change: IFF_UP })
    .bytes(named(name).done())
    .done();
}

/** By index: of two links that had one name in turn, only the one that was seen. */
export function encodeLinkRemoval(index: number): Uint8Array {
  return header({ index }).done();
}

function named(name: string): AttributeWriter {
  return new AttributeWriter().text(IFLA_IFNAME, name);
}

function header({ index = 0, flags = 0, change = 0 }): Writer {
  return new Writer(16).zeros(4).u32Host(index).u32Host(flags).u32Host(change);
}
