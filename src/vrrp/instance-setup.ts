/** What one virtual router of one director is set up with. All of it is plain JSON, as the rest of an instance. */
import type { GarpConfig } from '../config/instance.ts';
import type { Address, Family } from '../wire/address.ts';

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
  /** The others that speak for this virtual router. Unicast: whom we send to, and from whom we accept. */
  readonly peers: readonly Address[];
  /** Own addresses of the other directors, on whatever interface, and of foreign peers: who answers for these is no stranger. */
  readonly neighbours: readonly Address[];
  /** Those of the peers that are directors like us, and hand over as we do (hand-over.ts). */
  readonly managed: readonly Address[];
  /** Directors like us that speak from a link-local address, which only they know. */
  readonly unnamed: number;
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
