/** VRRP instances (virtual routers), their trackers and sync groups. */
import type { Address, Family } from '../wire/address.ts';
import type { SecretSource, VipConfig } from './config.ts';

/** A command: the program and its arguments, never a shell line. */
export type Argv = readonly string[];

export interface InstanceConfig {
  readonly name: string;
  /** 1–255. */
  readonly vrid: number;
  readonly version: 2 | 3;
  /** Family of the advertised VIPs. */
  readonly family: Family;
  readonly vips: readonly VipConfig[];
  /** Moved with the instance, not advertised. */
  readonly extraVips: readonly VipConfig[];
  /** The directors that take part, highest priority first. */
  readonly speakers: readonly SpeakerConfig[];
  /** Speakers that lvsctl does not manage (a keepalived during a migration). */
  readonly foreignPeers: readonly Address[];
  readonly transport: 'unicast' | 'multicast';
  readonly multicastGroup: Address;
  /** Version 2 sends whole seconds, version 3 centiseconds: a multiple of 1000 or of 10. */
  readonly advertIntervalMs: number;
  readonly checksum: 'pseudo-header' | 'plain';
  /** Version 2 simple password, at most 8 bytes. */
  readonly authentication: { readonly pass: SecretSource } | null;
  readonly hmac: { readonly key: SecretSource; readonly mode: 'receive' | 'permissive' | 'enforce' } | null;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  readonly virtualMac: { readonly enabled: boolean; readonly transmitFrom: 'virtual' | 'base' };
  readonly garp: GarpConfig;
  readonly track: {
    readonly interfaces: readonly { readonly name: string; readonly weight: number }[];
    readonly scripts: readonly { readonly name: string; readonly weight: number }[];
    readonly services: readonly { readonly name: string; readonly weight: number }[];
    readonly files: readonly { readonly path: string; readonly weight: number }[];
  };
  readonly startAfter: { readonly linkUpMs: number; readonly verdicts: boolean };
  readonly notify: NotifyConfig;
  readonly alert: boolean;
}

export interface SpeakerConfig {
  readonly director: string;
  readonly interface: string;
  /** Source address of its adverts: the dip of the interface. null: its link-local IPv6 address, found out on the director. */
  readonly source: Address | null;
  /** 1–255; 255 is the address owner. */
  readonly priority: number;
}

export interface GarpConfig {
  /** Announcements at once, then again after a while, then one round every refresh. */
  readonly count: number;
  readonly againAfterMs: number;
  readonly again: number;
  /** 0: never. */
  readonly refreshMs: number;
  readonly refreshCount: number;
  /** When a lower-priority MASTER was heard. */
  readonly lowerPriority: { readonly count: number; readonly afterMs: number };
  /** Least time between two announcements. */
  readonly intervalMs: number;
}

export interface NotifyConfig {
  readonly master: Argv | null;
  readonly backup: Argv | null;
  readonly fault: Argv | null;
  readonly stop: Argv | null;
  readonly any: Argv | null;
  readonly user: string;
}

export interface TrackScriptConfig {
  readonly name: string;
  readonly run: Argv;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** 0: down means FAULT; else added while up (positive) or while down (negative). */
  readonly weight: number;
  readonly reverse: boolean;
  readonly rise: number;
  readonly fall: number;
  readonly user: string;
  /** The state before the first run ends. */
  readonly start: 'up' | 'down' | 'unknown';
}

export interface SyncGroupConfig {
  readonly name: string;
  readonly members: readonly string[];
  readonly notify: NotifyConfig;
  readonly alert: boolean;
}
