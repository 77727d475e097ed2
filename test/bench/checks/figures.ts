/** What is measured of checks. */
import type { Lateness } from '../director/lateness.ts';

export const KINDS = ['tcp', 'http'] as const;
export type Kind = (typeof KINDS)[number];
export const PEERS = ['lvs-agent', 'keepalived'] as const;
export type Peer = (typeof PEERS)[number];

/** One peer with its checks, for some seconds. */
export interface CheckRound {
  readonly peer: Peer;
  readonly kind: Kind;
  /** As the server has counted them. */
  readonly checks: number;
  readonly elapsedMs: number;
  /** Of all of the peer's processes, with what the kernel does in their name. */
  readonly cpuMs: number;
  readonly memoryMb: number;
  readonly late: Lateness | null;
}

/** Very many checks of our prober on one core, with the VRRP process on the same. */
export interface RateRound {
  readonly wanted: number;
  readonly checks: number;
  readonly failed: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly lateQuiet: Lateness;
  readonly late: Lateness;
}
