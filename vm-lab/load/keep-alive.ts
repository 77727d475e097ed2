/** A connection that is held open and asks now and then. */
import type { Socket } from 'node:net';
import { readAnswer, requestText } from './answer.ts';
import type { Grip, HeldConnection } from './grip.ts';
import { nowMs } from './now.ts';
import { type Cause, causeOf, dial, type Target } from './target.ts';

export interface KeepAlivePlan {
  readonly target: Target;
  /** Between an answer and the next request; 0 asks only at the beginning and when it must prove itself. */
  readonly everyMs: number;
  /** For an answer. */
  readonly patienceMs: number;
}

export class KeepAlive implements Grip {
  readonly #plan: KeepAlivePlan;
  readonly #told: (held: HeldConnection) => void;
  readonly #socket: Socket;
  #held: HeldConnection = { kind: 'connection', openedMs: nowMs(), received: 0 };
  #bytes = '';
  #patience: NodeJS.Timeout | undefined;
  #next: NodeJS.Timeout | undefined;
  #proven: (() => void) | undefined;

  /** @param told gets the connection when it has been cut. */
  constructor(plan: KeepAlivePlan, told: (held: HeldConnection) => void) {
    this.#plan = plan;
    this.#told = told;
    this.#socket = dial(plan.target, () => this.#ask());
    this.#expect();
    this.#socket.setEncoding('latin1');
    this.#socket.on('error', (error) => this.#cut(causeOf(error)));
    this.#socket.on('close', () => this.#cut('closed'));
    this.#socket.on('data', (text) => this.#read(String(text)));
  }

  now(): HeldConnection {
    return this.#held;
  }

  prove(): Promise<void> {
    if (this.#held.cut !== undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#proven = resolve;
    this.#ask();
    return promise;
  }

  drop(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#next);
    this.#socket.removeAllListeners('close').destroy();
  }

  #ask(): void {
    clearTimeout(this.#next);
    this.#expect();
    this.#socket.write(requestText(this.#plan.target.address, this.#plan.target.path, 'keep-alive'));
  }

  #expect(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#cut('timeout'), this.#plan.patienceMs);
  }

  #read(text: string): void {
    this.#bytes += text;
    try {
      const answer = readAnswer(this.#bytes);
      if (answer === undefined) return;
      this.#bytes = this.#bytes.slice(answer.length);
      this.#held = { ...this.#held, server: answer.body.trim(), received: this.#held.received + 1 };
    } catch (error) {
      this.#cut(error instanceof Error ? error.message : String(error));
      return;
    }
    clearTimeout(this.#patience);
    this.#proven?.();
    if (this.#plan.everyMs > 0) this.#next = setTimeout(() => this.#ask(), this.#plan.everyMs);
  }

  #cut(cause: Cause): void {
    if (this.#held.cut !== undefined) return;
    this.#held = { ...this.#held, cut: { cause, atMs: nowMs() } };
    this.drop();
    this.#told(this.#held);
    this.#proven?.();
  }
}
