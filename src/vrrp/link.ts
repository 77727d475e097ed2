/**
 * What the VRRP process and the supervisor say to each other: newline-delimited JSON over a Unix stream socket that the
 * VRRP process listens on (/run/lvs-agent/vrrp.sock, mode 0600). Either may be restarted without the other: on connecting, the
 * VRRP process sends a full `report`, the supervisor its `tracking`.
 */
import type { Config } from '../config/config.ts';
import type { Hold } from './hold.ts';

export type TrackerState = 'up' | 'down' | 'unknown';
export type TrackerKind = 'interface' | 'script' | 'service' | 'file';

/** Supervisor → VRRP process. */
export type ToVrrp =
  /** The configuration in force has changed; the file has been written already. Secrets are resolved. */
  | { readonly type: 'config'; readonly config: Config }
  /**
   * All trackers at once, by name: scripts by result, services by whether enough realservers live, files by path: down while
   * they exist. A supervisor of an earlier release tells nothing of files.
   */
  | {
      readonly type: 'tracking';
      readonly scripts: Readonly<Record<string, TrackerState>>;
      readonly services: Readonly<Record<string, TrackerState>>;
      readonly files?: Readonly<Record<string, TrackerState>>;
    }
  /** The start gate: IPVS is programmed and the first verdicts are in. */
  | { readonly type: 'ready' }
  /** All that keep instances from becoming MASTER; nothing is held that is not in the last of these. */
  | { readonly type: 'holds'; readonly holds: readonly Hold[] }
  /** MASTER of this instance (and of its sync group) hands it over, and keeps it when nobody takes it. */
  | { readonly type: 'yield'; readonly instance: string }
  /** How advertisements are protected has changed (src/vrrp/protection.ts); the file has been written already. */
  | { readonly type: 'protections' }
  /** The answer to `relay`. */
  | { readonly type: 'relay-ready'; readonly instance: string }
  /** No connection of its addresses is left here, or the successor knows them all. */
  | { readonly type: 'end-lame-duck'; readonly instance: string }
  /** Starts or ends a recording (src/vrrp/recording.ts). */
  | { readonly type: 'record'; readonly on: boolean };

/** One thing that an instance tracks. */
export interface TrackerReport {
  readonly kind: TrackerKind;
  /** Of a file, its path. */
  readonly name: string;
  readonly weight: number;
  /** As it was told: of a file, down while it exists. */
  readonly state: TrackerState;
  /** Whether it counts as down, with `reverse`. */
  readonly isDown: boolean;
}

/** How the advertisements of an instance are signed; of keys, their numbers. */
export interface HmacReport {
  /** As the configuration says; off: it says nothing, and others may still sign. */
  readonly mode: 'receive' | 'permissive' | 'enforce' | 'off';
  /** Of the configured key. */
  readonly keyId: number | null;
  /** Of what it signs with; null: it does not sign. */
  readonly signsWith: number | null;
  /** Whether only what is configured is sent: all others have the same configuration. */
  readonly agreed: boolean;
  /** Whether only what is configured is believed. */
  readonly settled: boolean;
  /** When one was last believed that the configuration alone would not believe, epoch ms; null: never. */
  readonly formerAt: number | null;
}

/** Somebody who speaks for the VRID and is none of us, or is and says something else; times are epoch ms. */
export interface StrangerReport {
  readonly source: string;
  /** A director of the topology, or a peer. */
  readonly isKnown: boolean;
  readonly version: 2 | 3;
  readonly priority: number;
  readonly addresses: readonly string[];
  readonly since: number;
  readonly at: number;
}

/** One instance as the VRRP process sees it; the same fields as `vrrp.instances` of the agent's state. */
export interface InstanceReport {
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly interface: string;
  readonly state: 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT';
  readonly since: number;
  readonly cause: string;
  readonly priority: number;
  readonly basePriority: number;
  readonly vips: readonly string[];
  readonly master: string | null;
  readonly advertIntervalMs: number;
  readonly advertsSent: number;
  readonly advertsReceived: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly waitingFor: string | null;
  /** Changes of state since the process started. This and what follows is not told by a process of an earlier release. */
  readonly transitions?: number;
  readonly trackers?: readonly TrackerReport[];
  /** Of its advertisements. */
  readonly source?: string;
  /** The interface that its addresses are on, with the virtual router's own MAC; absent: none. */
  readonly virtualMac?: { readonly interface: string; readonly mac: string };
  /** The last advertisement that counted; `at` is epoch ms. */
  readonly lastAdvert?: { readonly source: string; readonly priority: number; readonly at: number } | null;
  /** The last one that was not believed, by reason. */
  readonly lastDropped?: Readonly<Record<string, { readonly source: string; readonly at: number }>>;
  /** null: nothing is signed. */
  readonly hmac?: HmacReport | null;
  /** MASTER that has sent priority 0, and serves on until another advertises or the deadline is over. */
  readonly handingOver?: { readonly since: number; readonly deadline: number; readonly cause: string } | undefined;
  /** Its addresses are on the loopback, silent, for connections that only this director knows. */
  readonly lameDuckUntil?: number | undefined;
  /** Foreign owners of its addresses, found before it served; releases of lvsctl 0.1.0 and earlier tell neither these nor strangers. */
  readonly owners?: readonly { readonly address: string; readonly interface: string; readonly mac: string | null }[];
  readonly strangers?: readonly StrangerReport[];
}

/** VRRP process → supervisor. */
export type FromVrrp =
  /** The answer to `config`: in force, or why the old one stays. */
  | { readonly type: 'configured'; readonly error: string | null }
  /** The answer to `record`: the file that is written, or was; or why not. */
  | {
      readonly type: 'recording';
      readonly path: string | null;
      readonly bytes: number;
      readonly error: string | null;
    }
  /** Sent on connection, at every transition and once a second. */
  | {
      readonly type: 'report';
      /** Content hash of the release that it runs from; earlier releases do not say. */
      readonly release?: string;
      readonly latenessMs: { readonly last: number; readonly worst: number };
      readonly instances: readonly InstanceReport[];
    }
  /** It is about to take over from the director that has this address: packets of its connections are to go there. */
  | { readonly type: 'relay'; readonly instance: string; readonly to: string }
  /** A hand-over has begun, or nobody took it. */
  | {
      readonly type: 'hand-over';
      readonly instance: string;
      readonly outcome: 'begun' | 'kept';
      readonly cause: string;
    }
  | {
      readonly type: 'transition';
      readonly instance: string;
      readonly from: string;
      readonly to: string;
      readonly cause: string;
      readonly at: number;
      /** As it advertises from now on; not told by releases of lvsctl 0.1.0 and earlier. */
      readonly priority?: number;
    };
