/**
 * What the VRRP process and the supervisor say to each other: newline-delimited JSON over a Unix stream socket that the
 * VRRP process listens on (/run/lvs-agent/vrrp.sock, mode 0600). Either may be restarted without the other: on connecting, the
 * VRRP process sends a full `report`, the supervisor its `tracking`.
 */
import type { Config } from '../config/config.ts';

export type TrackerState = 'up' | 'down' | 'unknown';

/** Supervisor → VRRP process. */
export type ToVrrp =
  /** The configuration in force has changed; the file has been written already. Secrets are resolved. */
  | { readonly type: 'config'; readonly config: Config }
  /** All trackers at once, by name: scripts by result, services by whether enough realservers live. */
  | {
      readonly type: 'tracking';
      readonly scripts: Readonly<Record<string, TrackerState>>;
      readonly services: Readonly<Record<string, TrackerState>>;
    }
  /** The start gate: IPVS is programmed and the first verdicts are in. */
  | { readonly type: 'ready' }
  /** MASTER of this instance (and of its sync group) hands it over, and keeps it when nobody takes it. */
  | { readonly type: 'yield'; readonly instance: string }
  /** The answer to `relay`. */
  | { readonly type: 'relay-ready'; readonly instance: string }
  /** No connection of its addresses is left here, or the successor knows them all. */
  | { readonly type: 'end-lame-duck'; readonly instance: string }
  /** Not MASTER for so long; 0 takes it back. */
  | { readonly type: 'hold'; readonly instance: string; readonly reason: string; readonly forMs: number };

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
  /** MASTER that has sent priority 0, and serves on until another advertises or the deadline is over. */
  readonly handingOver?: { readonly since: number; readonly deadline: number; readonly cause: string } | undefined;
  /** Its addresses are on the loopback, silent, for connections that only this director knows. */
  readonly lameDuckUntil?: number | undefined;
}

/** VRRP process → supervisor. */
export type FromVrrp =
  /** The answer to `config`: in force, or why the old one stays. */
  | { readonly type: 'configured'; readonly error: string | null }
  /** Sent on connection, at every transition and once a second. */
  | {
      readonly type: 'report';
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
    };
