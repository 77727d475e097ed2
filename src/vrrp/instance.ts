/**
 * One virtual router of one director: what it was set up with, what it is now, what may happen to it and what it wants done.
 * All of it is plain JSON, so that a journal of events replays to the same effects. Every time is the caller's monotonic
 * clock in milliseconds; nothing here reads a clock.
 */
import type { GarpConfig } from '../config/instance.ts';
import type { Address, Family } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';

export type InstanceStateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT';

/** An address that the instance moves, on the interface that was found for it. */
export interface VirtualAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly interface: string;
  readonly label: string | null;
  readonly scope: 'global' | 'link' | 'host';
  readonly broadcast: Address | null;
}

/** RFC 9568 section 7.3: an interface with the virtual router's own MAC address, on top of the instance's. */
export interface VirtualMac {
  readonly interface: string;
  /** `00:00:5e:00:01:33`. */
  readonly mac: string;
  readonly transmitFrom: 'virtual' | 'base';
}

export interface InstanceSetup {
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: Family;
  readonly interface: string;
  /** Source of our advertisements, which settles a tie of priorities. null: the interface has no link-local address yet. */
  readonly source: Address | null;
  /** The interface that its addresses are on instead of `interface`; absent: none. */
  readonly virtualMac?: VirtualMac;
  /** 1–255; 255 owns the addresses. */
  readonly basePriority: number;
  /** In the advertisement, in this order. */
  readonly advertised: readonly Address[];
  /** Everything that moves: the advertised and the extra ones. */
  readonly addresses: readonly VirtualAddress[];
  readonly transport: 'unicast' | 'multicast';
  readonly group: Address;
  /** Unicast only: whom we send to, and from whom we accept. */
  readonly peers: readonly Address[];
  /** Own addresses of the other directors, on whatever interface, and of foreign peers: who answers for these is no stranger. */
  readonly neighbours: readonly Address[];
  readonly advertIntervalMs: number;
  readonly checksum: 'pseudo-header' | 'plain';
  /** Version 2 simple password, or null. */
  readonly password: string | null;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  readonly garp: GarpConfig;
  readonly track: {
    readonly interfaces: readonly Tracker[];
    readonly scripts: readonly Tracker[];
    readonly services: readonly Tracker[];
    readonly files: readonly Tracker[];
  };
  readonly startAfter: { readonly linkUpMs: number; readonly verdicts: boolean };
  /** The sync group it belongs to, or null. */
  readonly syncGroup: string | null;
}

/** weight 0: down means FAULT; positive: added while up; negative: added (so taken off) while down. `reverse` turns up and down round. */
export interface Tracker {
  /** Of a file, its path. */
  readonly name: string;
  readonly weight: number;
  readonly reverse: boolean;
  /** What counts until something is known of it, if that is not to be waited for. */
  readonly start?: 'up' | 'down';
}

export interface Instance {
  readonly setup: InstanceSetup;
  readonly state: InstanceStateName;
  readonly sinceMs: number;
  /** Why it came into this state, one sentence. */
  readonly cause: string;
  /** Effective: base and weights of trackers. */
  readonly priority: number;
  readonly faults: readonly string[];
  /** Why it may not become MASTER yet, or null. */
  readonly waitingFor: string | null;
  /** RFC 9568 Active_Adver_Interval: that of the MASTER in version 3, our own in version 2. */
  readonly masterAdvertMs: number;
  /** Source of the last accepted advertisement. */
  readonly master: Address | null;
  /** When, as BACKUP, it last accepted one; null: never. */
  readonly heardAtMs: number | null;
  /** RFC Active_Down_Timer; null when it does not run. */
  readonly masterDownAtMs: number | null;
  /** RFC Adver_Timer; null when it does not run. */
  readonly advertAtMs: number | null;
  readonly lastAdvertMs: number | null;
  /** The interval that it told, by which the others wait since then. */
  readonly toldIntervalMs: number;
  readonly addressRefreshAtMs: number | null;
  /** Rounds of announcements to come, ascending. */
  readonly announceAtMs: readonly number[];
  readonly announceRefreshAtMs: number | null;
  /** When it last began to win its addresses back from another MASTER, and when the closing rounds of that are due. */
  readonly reclaimedMs: number | null;
  readonly reclaimAtMs: number | null;
  /** A sync group takes over as a whole: this member would. */
  readonly wantsMaster: boolean;
  /** Not before this may a lower-priority MASTER be pre-empted; null: none was heard. */
  readonly preemptFromMs: number | null;
  /** It gave the role away on request: it does not pre-empt until no MASTER is left. */
  readonly yielded: boolean;
  /** Our addresses may be in the kernel. */
  readonly holdsAddresses: boolean;
  readonly advertsSent: number;
  readonly advertsReceived: number;
  /** Changes of state so far. */
  readonly transitions: number;
  /** Packets that were not believed, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What the kernel had of our addresses when the process started: renewed lately, left over, or nothing. */
export type Found = 'fresh' | 'stale' | 'absent';

export type InstanceEvent =
  /** `isMoved`: what is found is known to the neighbours at another MAC. */
  | { readonly type: 'startup'; readonly found: Found; readonly isMoved?: boolean }
  /** With `release` the role is given away; without, everything stays as it is for the next process to adopt. */
  | { readonly type: 'shutdown'; readonly release: boolean; readonly cause: string }
  | { readonly type: 'advertisement'; readonly advertisement: Advertisement; readonly source: Address }
  /** `isAlive`: by somebody who has the key and is there, although it is not believed. */
  | { readonly type: 'dropped'; readonly reason: string; readonly isAlive?: true }
  /** Timers are looked at. */
  | { readonly type: 'time' }
  | { readonly type: 'priority'; readonly priority: number }
  | { readonly type: 'faults'; readonly faults: readonly string[] }
  | { readonly type: 'gate'; readonly waitingFor: string | null }
  /** The sync group becomes MASTER as a whole. */
  | { readonly type: 'promote' }
  | { readonly type: 'demote'; readonly cause: string; readonly yielded: boolean }
  /** Someone deleted addresses of ours. */
  | { readonly type: 'addresses-removed'; readonly addresses: readonly Address[] }
  /** Another configuration of the same virtual router. */
  | { readonly type: 'setup'; readonly setup: InstanceSetup };

export type EventOf<Type extends InstanceEvent['type']> = Extract<InstanceEvent, { type: Type }>;

export type Effect =
  | {
      readonly type: 'send';
      readonly instance: string;
      /** Where: the instance may be on another one by the time its last word is sent. */
      readonly interface: string;
      readonly advertisement: Advertisement;
    }
  /** Adding one that is there renews its lifetime. */
  | AddressesEffect<'add-addresses'>
  | AddressesEffect<'refresh-addresses'>
  | { readonly type: 'delete-addresses'; readonly instance: string; readonly addresses: readonly VirtualAddress[] }
  /** Gratuitous ARP (or unsolicited neighbour advertisements): so many rounds from now on, with the least time between two. */
  | {
      readonly type: 'announce';
      readonly instance: string;
      readonly addresses: readonly VirtualAddress[];
      readonly rounds: number;
      readonly intervalMs: number;
    }
  /** Asks the neighbours on an interface who has these addresses (src/vrrp/probing.ts). */
  | {
      readonly type: 'probe';
      readonly instance: string;
      readonly interface: string;
      readonly addresses: readonly Address[];
    }
  | {
      readonly type: 'transition';
      readonly instance: string;
      readonly from: InstanceStateName;
      readonly to: InstanceStateName;
      readonly cause: string;
    }
  /** An event that this state does not know: a mistake of ours, nothing was changed. */
  | {
      readonly type: 'unexpected';
      readonly instance: string;
      readonly state: InstanceStateName;
      readonly event: InstanceEvent['type'];
    };

interface AddressesEffect<Type> {
  readonly type: Type;
  readonly instance: string;
  readonly addresses: readonly VirtualAddress[];
  readonly lifetimeSeconds: number;
}

export interface Step {
  readonly instance: Instance;
  readonly effects: readonly Effect[];
}

/** An instance that nothing has happened to yet. */
export function newInstance(setup: InstanceSetup, nowMs: number): Instance {
  return {
    setup,
    state: 'INIT',
    sinceMs: nowMs,
    cause: 'not started',
    priority: setup.basePriority,
    faults: [],
    waitingFor: null,
    masterAdvertMs: setup.advertIntervalMs,
    master: null,
    heardAtMs: null,
    masterDownAtMs: null,
    advertAtMs: null,
    lastAdvertMs: null,
    toldIntervalMs: setup.advertIntervalMs,
    addressRefreshAtMs: null,
    announceAtMs: [],
    announceRefreshAtMs: null,
    reclaimedMs: null,
    reclaimAtMs: null,
    wantsMaster: false,
    preemptFromMs: null,
    yielded: false,
    holdsAddresses: false,
    advertsSent: 0,
    advertsReceived: 0,
    transitions: 0,
    dropped: {},
  };
}
