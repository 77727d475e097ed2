/** What one host shall be like: the whole of it, for either role. Pure values; texts of files are built from them. */
import type { Speech } from '../config/speech.ts';
import type { Address, Family } from '../wire/address.ts';
import type { KernelNeed } from './kernel-needs.ts';

export interface Wanted {
  readonly host: string;
  readonly cluster: string;
  readonly director: DirectorWanted | null;
  /** In the order in which they are loaded. */
  readonly modules: readonly ModuleWanted[];
  /** By dotted key (a dot inside an interface's name is a slash, as sysctl(8) has it); values with single spaces. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly placed: Placed;
  /** What directors send it that it must be prepared for by a VIP or a return route. */
  readonly serves: readonly Served[];
  /** Clients' traffic that must come in: what a firewall has to accept. */
  readonly inbound: readonly Inbound[];
  /** Directors: realservers that must be on-link because DR writes their hardware address into the frame. */
  readonly onLink: readonly Address[];
}

/** One listener of a service as one realserver gets it. */
export interface Served {
  readonly service: string;
  readonly address: Address;
  readonly rip: Address;
  readonly forward: 'dr' | 'nat' | 'tun';
}

export interface ModuleWanted {
  readonly name: string;
  /** Not required: only where the kernel has it (it has another way else). */
  readonly required: boolean;
}

/** What a realserver carries for LVS: recorded on the host, so that what is no longer wanted can be taken away. */
export interface Placed extends Tunnels {
  readonly vips: readonly PlacedVip[];
  readonly returnRoute: ReturnRoute | null;
}

/** What tunnelled packets come in by. */
export interface Tunnels {
  /** tunl0 is up. */
  readonly tunnel: boolean;
  /** ip6tnl0 is up. */
  readonly tunnel6: boolean;
  /** UDP ports at which GUE is unpacked, in order. */
  readonly guePorts: readonly number[];
  readonly gre: GreDevice | null;
}

/** Of the kernel; two without a key cannot differ by their checksum alone. */
export interface GreDevice {
  /** The RIP: the device for every address is gre0, and there can be but one. */
  readonly local: Address;
  /** Packets without a checksum are dropped if it is set, and packets with one if not. */
  readonly checksum: boolean;
}

export interface PlacedVip {
  readonly device: 'lo' | 'tunl0' | 'lvs-gre';
  readonly address: Address;
  /** Always the whole address: a shorter prefix on lo would make the whole network local. */
  readonly prefixLength: 32 | 128;
}

/** Packets from `rip` use a table of our own whose default is `via`; those to a director's own address do not. */
export interface ReturnRoute {
  readonly rip: Address;
  readonly via: Address;
  /** Answers to health checks go straight to the director that asked, MASTER or not. */
  readonly direct: readonly Address[];
}

/** Routing table and priority of the policy rule: "LV". The rules for `direct` come one priority earlier. */
export const RETURN_TABLE = 0x4c56;

export interface Inbound {
  readonly family: Family;
  /** tcp, udp, sctp, or a protocol number by name: vrrp (112), ipip (4), ipv6 (41), gre (47), icmpv6 (58). */
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'ipv6' | 'vrrp' | 'ipip' | 'gre' | 'icmpv6';
  /** Of ICMPv6: the type. null: there is none, or every one. */
  readonly port: number | null;
  /** Where it is a range: `port` is its first. */
  readonly lastPort?: number;
  /**
   * Connection tracking sees only one half of what IPVS forwards and calls packets of it INVALID, a FIN above all (measured:
   * finished connections stayed ESTABLISHED for 15 minutes): it must be let in before a rule that drops those.
   */
  readonly halfSeen?: true;
  /** By which it comes in, where that is another interface than people write rules for: one with a virtual MAC. */
  readonly interface?: string;
  /** For what, as a person would say it. */
  readonly purpose: string;
}

export interface InstanceWanted {
  readonly name: string;
  /** As configured. */
  readonly priority: number;
  /** What makes it the virtual router that it is (RFC 9568 section 5.2.3: a VRID for each family on an interface). */
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: Family;
  readonly interface: string;
  /** What it speaks from; null: the link-local IPv6 address of `interface`. */
  readonly source: Address | null;
  /** Advertised. */
  readonly vips: readonly Address[];
  readonly speech: Speech;
  /** How far apart the clocks of its directors may be, ms; null: nothing is signed. */
  readonly hmacWindowMs: number | null;
}

export interface DirectorWanted {
  readonly usesIpvs: boolean;
  readonly kernelNeeds: readonly KernelNeed[];
  /** Buckets of IPVS's connection table, as a power of two; null: what the kernel has. */
  readonly connectionTableBits: number | null;
  /** It has other directors to tell what it knows. */
  readonly exchanges: boolean;
  readonly interfaces: readonly { readonly name: string; readonly address: Address }[];
  /** Its services as the kernel's table has them: `tcp 10.0.0.1:80`, `fwm 6`. */
  readonly listeners: readonly string[];
  /** Services of its agent's own have marks from `first` to `last`. */
  readonly reservedMarks: { readonly first: number; readonly last: number };
  /** Instances that this director takes part in. */
  readonly instances: readonly InstanceWanted[];
  /** Interfaces that its agent makes for virtual MACs, and their sysctls: not there before it does. `Wanted.sysctls` win over them. */
  readonly virtualInterfaces: readonly string[];
  readonly virtualSysctls: Readonly<Record<string, string>>;
  /** VIPs that it may come to hold, with the instance's interface. */
  readonly vips: readonly { readonly address: Address; readonly interface: string }[];
  /** Tracked scripts, scripts of checks and commands of notify that run as root, each with the files that are executed. */
  readonly rootScripts: readonly { readonly name: string; readonly files: readonly string[] }[];
  /** What comes before the generation in the agent's configuration file; see agent-config.ts. */
  readonly configText: string;
}

/** Nothing of ours. */
export const NOTHING_PLACED: Placed = {
  vips: [],
  tunnel: false,
  tunnel6: false,
  guePorts: [],
  gre: null,
  returnRoute: null,
};
