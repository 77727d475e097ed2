/**
 * The topology after validation: everything defaulted, ranged, resolved and in one unit (milliseconds, whole numbers).
 * Raw YAML is another type; nothing beyond src/config sees it. A Config is plain JSON: lvsctl sends it to the agents as it is.
 */
import type { Address } from '../wire/address.ts';
import type { InstanceConfig, SyncGroupConfig, TrackScriptConfig } from './instance.ts';
import type { ServiceConfig } from './service.ts';

export interface Config {
  readonly cluster: string;
  /** Defaults for connections to all hosts; a host's own `ssh` and the inventory override. */
  readonly ssh: SshConfig;
  /** Path of an inventory file, absolute, or null. */
  readonly inventory: string | null;
  readonly firewall: 'manage' | 'check' | 'ignore';
  readonly directors: readonly DirectorConfig[];
  readonly realservers: readonly RealserverConfig[];
  readonly scripts: readonly TrackScriptConfig[];
  readonly instances: readonly InstanceConfig[];
  readonly syncGroups: readonly SyncGroupConfig[];
  readonly sync: ConnectionSyncConfig;
  readonly ipvs: IpvsConfig;
  readonly alerts: AlertsConfig;
  /** Records for `export dns`: name → addresses. */
  readonly dns: Readonly<Record<string, readonly Address[]>>;
  readonly services: readonly ServiceConfig[];
}

/** A value that must never be shown: how to get it, as written (`${env:X}` …), or the text itself. */
export interface SecretSource {
  readonly source: 'env' | 'file' | 'cmd' | 'literal';
  /** Variable name, absolute path, command line, or the literal. */
  readonly value: string;
}

export interface SshConfig {
  readonly host?: string;
  readonly user?: string;
  readonly port?: number;
  /** Path of a private key, with ~ expanded by the transport. */
  readonly identity?: string;
  readonly jump?: string;
  readonly become?: 'none' | 'sudo' | 'doas';
}

export interface DirectorConfig {
  readonly name: string;
  /** Its own addresses, in the order written: the first is where VRRP speaks unless an instance says otherwise. */
  readonly dips: readonly { readonly interface: string; readonly address: Address }[];
  /** Addresses that it holds by itself, without VRRP. */
  readonly vips: readonly VipConfig[];
  readonly ssh: SshConfig;
  /** Extra sysctls, as written. */
  readonly sysctl: Readonly<Record<string, string>>;
}

export interface RealserverConfig {
  readonly name: string;
  /** Its own addresses, one a family; the first is where SSH finds it if nothing else is said. */
  readonly rips: readonly Address[];
  readonly weight: number;
  /** For NAT: where answers from the RIP go. `rip` = a policy rule for packets from the RIP; `host` moves the default route too. */
  readonly gateway: { readonly via: Address; readonly scope: 'rip' | 'host' } | null;
  readonly groups: readonly string[];
  readonly ssh: SshConfig;
  readonly sysctl: Readonly<Record<string, string>>;
}

export interface VipConfig {
  readonly address: Address;
  /** 32 or 128 unless written otherwise. */
  readonly prefixLength: number;
  /** null: the interface whose network contains it, else the instance's interface; found out on the director. */
  readonly interface: string | null;
  readonly label: string | null;
  readonly scope: 'global' | 'link' | 'host';
  readonly broadcast: Address | null;
}

/** The kernel's connection sync (ipvsadm --start-daemon); both daemons run on every director. */
export interface ConnectionSyncConfig {
  readonly enabled: boolean;
  /** null: the interface of each director's last dip. */
  readonly interface: string | null;
  readonly id: number;
  /** net.ipv4.vs.sync_threshold: first packet, then every n-th. */
  readonly threshold: readonly [number, number];
  /** Bytes of a sync message. */
  readonly maxlen: number;
  readonly port: number;
  readonly ttl: number;
  readonly group: Address;
}

export interface IpvsConfig {
  /** Kernel timeouts, ms; null leaves the kernel's. */
  readonly timeoutsMs: { readonly tcp: number | null; readonly tcpFin: number | null; readonly udp: number | null };
  readonly connectionTableBits: number | null;
  readonly onStart: 'adopt' | 'flush';
  readonly onStop: 'keep' | 'flush';
  /** Marks reserved for in-path probes: base and prefix length of the 32-bit mark. */
  readonly probeMarks: { readonly base: number; readonly prefixLength: number };
  /** net.ipv4.vs.* by last word; defaults and the topology's own merged. */
  readonly sysctl: Readonly<Record<string, string>>;
}

export interface AlertsConfig {
  readonly smtp: {
    readonly server: string;
    readonly port: number;
    readonly from: string;
    readonly to: readonly string[];
    readonly helo: string | null;
    readonly tls: 'required' | 'starttls' | 'none';
    readonly user: string | null;
    readonly password: SecretSource | null;
    readonly timeoutMs: number;
  } | null;
  readonly webhook: { readonly url: string; readonly headers: Readonly<Record<string, SecretSource>> } | null;
}
