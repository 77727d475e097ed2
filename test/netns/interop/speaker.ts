/** One router of a virtual router pair, whoever wrote it: started, changed and ended the same way by the scenarios. */
import type { Family } from '../../../src/wire/address.ts';
import type { VrrpLan } from '../vrrp/lan.ts';

export interface SpeakerConf {
  readonly version: 2 | 3;
  readonly family: Family;
  readonly transport: 'multicast' | 'unicast';
  readonly priority: number;
  readonly preempt: boolean;
  readonly intervalMs: number;
  readonly vips: readonly string[];
  /** Version 2 only. */
  readonly password: string | null;
  /** Ours only: what version 3 over IPv4 is sent with. */
  readonly checksum?: 'pseudo-header' | 'plain';
  /** The other one, as it is configured for unicast. */
  readonly peer: string;
}

export interface Speaker {
  /** Of its advertisements. */
  readonly source: string;
  /** @returns when it is a BACKUP (or more): from then on it hears the other. */
  start(): Promise<void>;
  /** While it runs. */
  setPriority(priority: number): void;
  /** Ends it in the ordinary way. */
  stop(): void;
  /** Ends it as a fault of the program does: without a word. */
  crash(): Promise<void>;
  /** Whether its host answers for the address. */
  holds(address: string): boolean;
}

export type MakeSpeaker = (lan: VrrpLan, host: string, conf: SpeakerConf) => Speaker;

/** Unicast speaks from the configured address, IPv6 multicast from the link-local one (RFC 9568 section 5.1.2.1). */
export function sourceOf(lan: VrrpLan, host: string, { family, transport }: SpeakerConf): string {
  if (family === 6 && transport === 'multicast') return lan.linkLocal(host);
  return ownAddress(host, family);
}

/** `us` is 10.9.0.1 and fd09::1, `them` 10.9.0.2 and fd09::2. */
export function ownAddress(host: string, family: Family): string {
  return `${family === 4 ? '10.9.0.' : 'fd09::'}${host === 'us' ? 1 : 2}`;
}
