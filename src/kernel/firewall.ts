/** Rules that mark packets to VIPs for fwmark services: a table (nftables) or a chain (iptables-legacy) of our own, replaced as one. */
import type { Address } from '../wire/address.ts';
import type { KernelError } from './kernel-error.ts';

export interface MarkRule {
  readonly address: Address;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** 0: every port. */
  readonly port: number;
  /** Replaces the packet's whole mark (ip_vs compares all 32 bits). */
  readonly mark: number;
}

export interface Firewall {
  /** Makes exactly these rules ours; an empty list removes all that is ours. */
  apply(rules: readonly MarkRule[]): Promise<KernelError | undefined>;
  /** What is there of ours, in our order; another's changes inside our table show. @throws KernelError */
  read(): Promise<readonly MarkRule[]>;
}
