/**
 * One virtual router of one director: what it is now, what may happen to it and what it wants done.
 * All of it is plain JSON, so that a journal of events replays to the same effects. Every time is the caller's monotonic
 * clock in milliseconds; nothing here reads a clock.
 */
import type { Address } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';
import type { InstanceSetup, VirtualAddress } from './instance-setup.ts';

export type InstanceStateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT';

/** A MASTER that has sent priority 0 and serves on until a successor speaks, or until nobody has by the deadline. */
export interface HandingOver {
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly cause: string;
  /** What it is afterwards. */
  readonly towards: 'BACKUP' | 'FAULT' | 'INIT';
  /** It does not pre-empt its successor. */
  readonly yielded: boolean;
  /** When nobody takes it: be MASTER as before, or let go all the same. */
  readonly otherwise: 'go-on' | 'let-go';
}

/** What a BACKUP waits for before it takes over from a director that still serves: packets of connections that only that one knows. */
export interface Relay {
  /** The MASTER that it takes over from. */
  readonly to: Address;
  /** It has sent priority 0; else it is to be pre-empted. */
  readonly handsOver: boolean;
  readonly isReady: boolean;
  /** Later it takes over all the same. */
  readonly patienceEndsMs: number;
  /** When it would have taken over if the relay had been ready; null: not known yet. */
  readonly dueMs: number | null;
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
  /** Our addresses may be in the kernel, on their interfaces. */
  readonly holdsAddresses: boolean;
  /** MASTER only. */
  readonly handingOver: HandingOver | null;
  /** Our addresses are on the loopback, silent: packets of connections that only we know still find us. */
  readonly lameDuck: { readonly untilMs: number } | null;
  /** BACKUP only. */
  readonly relay: Relay | null;
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
  /**
   * `isMoved`: what is found is known to the neighbours at another MAC; `silentMs`: for how long yet a predecessor left the
   * addresses on the loopback.
   */
  | { readonly type: 'startup'; readonly found: Found; readonly isMoved?: boolean; readonly silentMs?: number }
  /**
   * With `release` the role is given away; without, everything stays as it is for the next process to adopt.
   * `awaitSuccessor`: it serves on until another has taken it.
   */
  | {
      readonly type: 'shutdown';
      readonly release: boolean;
      readonly cause: string;
      readonly awaitSuccessor?: boolean;
    }
  | { readonly type: 'advertisement'; readonly advertisement: Advertisement; readonly source: Address }
  /** `isAlive`: by somebody who has the key and is there, although it is not believed. */
  | { readonly type: 'dropped'; readonly reason: string; readonly isAlive?: true; readonly source?: Address }
  /** Timers are looked at. */
  | { readonly type: 'time' }
  | { readonly type: 'priority'; readonly priority: number }
  /** `canServe`: the interfaces of its addresses work all the same, so a MASTER may wait for its successor. */
  | { readonly type: 'faults'; readonly faults: readonly string[]; readonly canServe?: boolean }
  | { readonly type: 'gate'; readonly waitingFor: string | null }
  /** The sync group becomes MASTER as a whole. */
  | { readonly type: 'promote' }
  /** The sync group rises, and this member, which was to be handed over, has not been taken by anybody. */
  | { readonly type: 'go-on'; readonly cause: string }
  | { readonly type: 'demote'; readonly cause: string; readonly yielded: boolean }
  /** Asked for: another may take it, and if nobody has by `deadlineMs` nothing has changed. */
  | { readonly type: 'hand-over'; readonly cause: string; readonly deadlineMs: number }
  /** The successor has the rest of the sync group. */
  | { readonly type: 'silence'; readonly cause: string }
  /** No connection of its addresses is left, or all are known to the successor. */
  | { readonly type: 'end-lame-duck' }
  /** What {@link Relay} waits for. */
  | { readonly type: 'relay-ready' }
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
  /** Onto the loopback, for so long, and then off their interfaces; nobody is told. */
  | AddressesEffect<'silence-addresses'>
  /** Off the loopback. */
  | { readonly type: 'unsilence-addresses'; readonly instance: string; readonly addresses: readonly VirtualAddress[] }
  /** Answered by a `relay-ready` event. */
  | { readonly type: 'prepare-relay'; readonly instance: string; readonly to: Address }
  /** A hand-over has begun, or nobody took the role and it goes on. Where it ends otherwise, a transition says so. */
  | {
      readonly type: 'hand-over';
      readonly instance: string;
      readonly outcome: 'begun' | 'kept';
      readonly cause: string;
    }
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
    handingOver: null,
    lameDuck: null,
    relay: null,
    advertsSent: 0,
    advertsReceived: 0,
    transitions: 0,
    dropped: {},
  };
}
