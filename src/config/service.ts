/** Virtual services, their realservers and checks. */
import type { Address } from '../wire/address.ts';
import type { Argv } from './instance.ts';

export type Protocol = 'tcp' | 'udp' | 'sctp';
export type Mode = 'dr' | 'nat' | 'tun';
export type SchedulerName =
  | 'rr' | 'wrr' | 'lc' | 'wlc' | 'lblc' | 'lblcr' | 'sh' | 'dh' | 'sed' | 'nq' | 'mh' | 'fo' | 'ovf'; // biome-ignore format: a list of words

export interface Listener {
  readonly address: Address;
  /** 0: any port (persistent services only). */
  readonly port: number;
  readonly protocol: Protocol;
}

export interface ServiceConfig {
  readonly name: string;
  readonly listen: readonly Listener[];
  /** Not null: the listeners are one kernel service on this mark. `auto` has been resolved. */
  readonly mark: number | null;
  readonly mode: Mode;
  readonly tunnel: { readonly type: 'ipip' | 'gue' | 'gre'; readonly port: number; readonly checksum: boolean };
  readonly scheduler: SchedulerName;
  /** The `port` flag of sh and mh. */
  readonly schedulerPort: boolean;
  /** The fallback flag of sh and mh: on unless the topology says `fallback: false`. */
  readonly schedulerFallback: boolean;
  readonly onePacket: boolean;
  readonly persistence: { readonly timeoutMs: number; readonly netmask: number } | null;
  readonly realservers: readonly DestinationConfig[];
  readonly start: 'up' | 'down';
  readonly onFail: { readonly action: 'quiesce' | 'remove'; readonly afterMs: number };
  readonly slowStartMs: number;
  readonly drain: { readonly timeoutMs: number; readonly persistent: 'move' | 'wait' };
  readonly quorum: {
    readonly weight: number;
    readonly hysteresis: number;
    readonly up: Argv | null;
    readonly down: Argv | null;
    readonly onStop: 'down' | 'none';
  };
  /** Share (0–1) of a service's realservers failing within one interval from which the last set is kept; 1 or more: off. */
  readonly failOpenShare: number;
  readonly sorry: SorryConfig | null;
  readonly notify: { readonly up: Argv | null; readonly down: Argv | null; readonly user: string };
  readonly onlyWhenMaster: boolean;
}

/** A realserver as one service uses it. */
export interface DestinationConfig {
  /** The realserver's name. */
  readonly name: string;
  readonly address: Address;
  /** The listener's port for DR and TUN (0 with a mark); for NAT it may differ. null: each listener's own port. */
  readonly port: number | null;
  readonly weight: number;
  /** Connections; 0: none. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** The service's checks and the realserver's own: all must pass. */
  readonly checks: readonly CheckConfig[];
}

export type SorryConfig =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'host';
      readonly address: Address;
      readonly port: number | null;
      readonly mode: Mode;
      readonly quiesce: boolean;
      readonly checks: readonly CheckConfig[];
    };

/** When a check runs and what its results mean. */
export interface CheckTiming {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Further tries after a failure before the verdict is down. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Successes in a row before a failed one is up again. */
  readonly rise: number;
  /** The first probe comes after a random part of this. */
  readonly warmupMs: number;
}

/** Where a probe goes: null means the destination's own address or port. */
export interface CheckTarget {
  readonly address: Address | null;
  readonly port: number | null;
  readonly from: { readonly address: Address | null; readonly port: number } | null;
  readonly mark: number | null;
  readonly via: 'rip' | 'vip';
}

export interface HttpExpectation {
  readonly path: string;
  readonly host: string | null;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Inclusive ranges. */
  readonly status: readonly (readonly [number, number])[];
  readonly md5: string | null;
  readonly sha256: string | null;
  /** A regular expression on the body. */
  readonly body: string | null;
}

export type CheckKind =
  | { readonly kind: 'tcp' }
  | { readonly kind: 'ping' }
  | ({ readonly kind: 'http' } & HttpExpectation)
  | ({
      readonly kind: 'https';
      readonly sni: string | null;
      readonly verify: boolean;
      readonly expiresWithinMs: number | null;
    } & HttpExpectation)
  | { readonly kind: 'smtp'; readonly helo: string | null }
  | { readonly kind: 'dns'; readonly name: string; readonly type: string; readonly expect: string | null }
  | { readonly kind: 'udp'; readonly sendHex: string; readonly expectHex: string | null }
  | { readonly kind: 'script'; readonly run: Argv; readonly setsWeight: boolean; readonly user: string }
  | { readonly kind: 'file'; readonly path: string };

export type CheckConfig = CheckKind & { readonly timing: CheckTiming; readonly target: CheckTarget };
