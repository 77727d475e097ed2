/** What packets to a host meet before anything else gets them (INPUT acts before IPVS does), whoever made it. Pure. */
import type { Family } from '../wire/address.ts';

/** A chain at the input hook, with those of its table that it may jump to. */
export interface InputFilter {
  readonly families: readonly Family[];
  /** The command that made it: another would make a table beside it. */
  readonly program: string;
  /** As nft names it; that of iptables is `filter`. */
  readonly table: string;
  readonly base: string;
  /** The policy of the base chain. */
  readonly drops: boolean;
  readonly chains: Readonly<Record<string, readonly FilterRule[]>>;
}

/** What a rule plainly says; null: it does not ask. Rules without a verdict, and those for loopback, are left out. */
export interface FilterRule {
  readonly families: readonly Family[] | null;
  readonly protocols: readonly string[] | null;
  /** Destination ports, first and last; of ICMPv6: types. */
  readonly ports: readonly PortRange[] | null;
  /** Of connection tracking, in small letters. */
  readonly states: readonly string[] | null;
  /** By which the packet comes in, by name; iptables ends it with `+` for all that begin so, nft with `*`. */
  readonly interface: string | null;
  /** It goes by more than families, protocols, ports and states: a source, an interface, a rate. */
  readonly isNarrow: boolean;
  readonly verdict: 'accept' | 'drop' | Jump;
}

export type PortRange = readonly [first: number, last: number];

export interface Jump {
  readonly to: string;
  /** What the chain does not decide is decided behind the jump. */
  readonly returns: boolean;
}

export const EVERYTHING: Omit<FilterRule, 'verdict'> = {
  families: null,
  protocols: null,
  ports: null,
  states: null,
  interface: null,
  isNarrow: false,
};

/** protocols(5), and what the programs print instead. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  '4': 'ipip',
  '6': 'tcp',
  '17': 'udp',
  '47': 'gre',
  '41': 'ipv6',
  '58': 'icmpv6',
  '112': 'vrrp',
  '132': 'sctp',
  ipencap: 'ipip',
  'ipv6-icmp': 'icmpv6',
  icmp6: 'icmpv6',
  carp: 'vrrp',
};

export function protocolOf(word: string | number): string {
  return PROTOCOLS[word] ?? String(word);
}
