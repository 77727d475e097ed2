/** Whole Ethernet frames out of an interface: gratuitous ARP and unsolicited neighbour advertisements. */
import type { KernelError } from './kernel-error.ts';

export interface FrameSender {
  /**
   * @param frame with its Ethernet header; the bytes are made by src/wire.
   * @returns why it was not sent, or undefined.
   */
  sendFrame(interfaceName: string, frame: Uint8Array): KernelError | undefined;
  /** The interface's own MAC (6 bytes), or undefined when there is no such interface or it has none. */
  macOf(interfaceName: string): Uint8Array | undefined;
  close(): void;
}
