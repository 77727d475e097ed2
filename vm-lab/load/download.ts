/** A download that lasts: only its bytes are counted. */
import type { Socket } from 'node:net';
import { requestText } from './answer.ts';
import type { Grip, HeldConnection } from './grip.ts';
import { nowMs } from './now.ts';
import { type Cause, causeOf, dial, type Target } from './target.ts';

export interface DownloadPlan {
  readonly target: Target;
  readonly downloadPath: string;
  /** Without a byte for so long it counts as cut. */
  readonly patienceMs: number;
}

export class Download implements Grip {
  readonly #told: (held: HeldConnection) => void;
  readonly #socket: Socket;
  #held: HeldConnection = { kind: 'download', openedMs: nowMs(), received: 0 };
  #head = '';
  /** Bytes of the whole file, once the head has come. */
  #size: number | undefined;
  #flowed: (() => void) | undefined;

  /** @param told gets the download when it has been cut. */
  constructor({ target, downloadPath, patienceMs }: DownloadPlan, told: (held: HeldConnection) => void) {
    this.#told = told;
    this.#socket = dial(target, () => this.#socket.write(requestText(target.address, downloadPath, 'keep-alive')));
    this.#socket.setTimeout(patienceMs, () => this.#cut('stalled'));
    this.#socket.on('error', (error) => this.#cut(causeOf(error)));
    this.#socket.on('close', () => this.#cut('closed'));
    this.#socket.on('data', (chunk) => this.#read(chunk));
  }

  now(): HeldConnection {
    return this.#held;
  }

  prove(): Promise<void> {
    if (this.#held.cut !== undefined || this.#isWhole()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flowed = resolve;
    return promise;
  }

  drop(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #read(chunk: string | Buffer): void {
    const size = this.#size === undefined ? this.#readHead(chunk.toString('latin1')) : chunk.length;
    this.#held = { ...this.#held, received: this.#held.received + size };
    if (this.#isWhole()) this.drop();
    this.#flowed?.();
  }

  /** The number of bytes of the file that came with the head. */
  #readHead(text: string): number {
    this.#head += text;
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return 0;
    const server = /^x-host: *(\S+)\r?$/im.exec(this.#head)?.[1];
    if (server !== undefined) this.#held = { ...this.#held, server };
    this.#size = Number(/^content-length: *(\d+)\r?$/im.exec(this.#head)?.[1] ?? 0);
    if (!this.#head.startsWith('HTTP/1.1 200 ')) this.#cut(this.#head.slice(9, 12));
    return this.#head.length - end - 4;
  }

  #isWhole(): boolean {
    return this.#size !== undefined && this.#held.received >= this.#size;
  }

  #cut(cause: Cause): void {
    if (this.#held.cut !== undefined || this.#isWhole()) return;
    this.#held = { ...this.#held, cut: { cause, atMs: nowMs() } };
    this.drop();
    this.#told(this.#held);
    this.#flowed?.();
  }
}
