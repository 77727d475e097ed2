/** Reads interfaces and addresses whenever the kernel says that they changed: many events, one reading. */
import type { Addresses } from '../../kernel/addresses.ts';
import type { Host } from './host.ts';
import { type Log, onChange } from './log.ts';

export interface HostWatchOptions {
  readonly addresses: Addresses;
  readonly log: Log;
  readonly afterInput: (fn: () => void) => void;
  /** An address that comes and is one of these needs no reading: we put it there, or renewed it. */
  readonly isVip: (address: string) => boolean;
  readonly onChange: (host: Host) => void;
}

export class HostWatch {
  readonly #options: HostWatchOptions;
  readonly #say: ReturnType<typeof onChange>;
  readonly #unwatch: () => void;
  #isPlanned = false;
  #isStopped = false;

  constructor(options: HostWatchOptions) {
    this.#options = options;
    this.#say = onChange(options.log);
    this.#unwatch = options.addresses.watch({
      onLink: () => this.#plan(),
      onAddress: ({ address }, change) => {
        if (change === 'deleted' || !options.isVip(address)) this.#plan();
      },
      onLost: () => this.#plan(),
    });
  }

  /** @throws KernelError */
  read(): Host {
    const { addresses } = this.#options;
    return { links: addresses.links(), addresses: addresses.addresses() };
  }

  stop(): void {
    this.#isStopped = true;
    this.#unwatch();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#options.afterInput(() => {
      this.#isPlanned = false;
      if (!this.#isStopped) this.#tell();
    });
  }

  /** A reading that fails is told, and made up for at the next event; what is held stays held. */
  #tell(): void {
    try {
      this.#options.onChange(this.read());
      this.#say('reading of interfaces', 'error', undefined);
    } catch (error) {
      this.#say('reading of interfaces', 'error', (error as Error).message);
    }
  }
}
