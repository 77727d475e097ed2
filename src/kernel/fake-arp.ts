/** Remembers the frames. */
import type { FrameSender } from './arp.ts';
import type { KernelError } from './kernel-error.ts';

export class FakeFrameSender implements FrameSender {
  readonly frames: { readonly interface: string; readonly frame: Uint8Array }[] = [];
  /** By interface; one that is not here has no MAC. */
  readonly macs = new Map<string, Uint8Array>();

  sendFrame(interfaceName: string, frame: Uint8Array): KernelError | undefined {
    this.frames.push({ interface: interfaceName, frame });
    return undefined;
  }

  macOf(interfaceName: string): Uint8Array | undefined {
    return this.macs.get(interfaceName);
  }

  close(): void {}
}
