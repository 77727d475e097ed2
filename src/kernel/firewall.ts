/** Rules that mark packets to VIPs for fwmark services and relays: a table (nftables) or a chain (iptables-legacy) of our own, replaced as one. */
import type { Address } from '../wire/address.ts';
import type { KernelError } from './kernel-error.ts';

export interface MarkRule {
  readonly address: Address;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** 0: every port. */
  readonly port: number;
  /** Replaces the packet's whole mark (ip_vs compares all 32 bits). */
  readonly mark: number;
  /** TCP only: packets that do not open a connection (of FIN, SYN, RST and ACK they have not SYN alone). Default: every packet. */
  readonly midstream?: boolean;
}

export interface Firewall {
  /** Makes exactly these rules ours, in this order; an empty list removes all that is ours. */
  apply(rules: readonly MarkRule[]): Promise<KernelError | undefined>;
  /** What is there of ours; what another has put among them is left out. @throws KernelError */
  read(): Promise<readonly MarkRule[]>;
  /** Whether the kernel has exactly these and nothing else among them. @throws KernelError */
  holds(rules: readonly MarkRule[]): Promise<boolean>;
}

export function sameRules(left: readonly (MarkRule | undefined)[], right: readonly MarkRule[]): boolean {
  return (
    left.length === right.length &&
    right.every(({ address, protocol, port, mark, midstream = false }, index) => {
      const other = left[index];
      const isSameMatch = other?.address === address && other.protocol === protocol && other.port === port;
      return isSameMatch && other.mark === mark && (other.midstream ?? false) === midstream;
    })
  );
}
