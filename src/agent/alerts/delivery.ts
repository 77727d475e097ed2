/** Delivers what the spool holds for one channel, again and again until it is taken. One delivery at a time, the oldest first. */

import type { Clock } from '../../kernel/clock.ts';
import type { Alert } from '../../status/alert.ts';
import type { Journal } from '../journal.ts';
import { retryDelayMs } from './retry.ts';
import type { ChannelName, Spool } from './spool.ts';

/** A way out. */
export interface Channel {
  readonly name: ChannelName;
  /** Where to, as people may read it. */
  readonly target: string;
  /** So long after the first alert others are waited for, to go with it. */
  readonly gatherMs: number;
  /** From one delivery to the next, at least. */
  readonly pauseMs: number;
  /** Alerts in one delivery. */
  readonly most: number;
  /**
   * @returns what went wrong although it was taken, or undefined
   * @throws Error whose message holds no secret
   */
  send(alerts: readonly Alert[], signal: AbortSignal): Promise<string | undefined>;
}

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly journal: Journal;
  readonly spool: Spool;
}

/** How long a delivery may take when the agent ends. */
const LAST_MS = 4_000;

export class Delivery {
  readonly channel: Channel;
  readonly #options: DeliveryOptions;
  readonly #aborter = new AbortController();
  #failures = 0;
  #problem = '';
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #sending: Promise<void> | null = null;
  #isArmed = false;
  #isStopped = false;
  #cancelTimer: () => void = () => {};

  constructor(channel: Channel, options: DeliveryOptions) {
    this.channel = channel;
    this.#options = options;
  }

  /** Why alerts wait, or null. */
  get problem(): string | null {
    const waiting = this.#waiting.length;
    if (this.#failures === 0 || waiting === 0) return null;
    return `${waiting} alerts wait to be sent by ${this.channel.name} to ${this.channel.target}: ${this.#problem}`;
  }

  /** There may be something to deliver. */
  wake(): void {
    const { clock } = this.#options;
    if (this.#sending !== null || this.#isArmed || this.#isStopped || this.#waiting.length === 0) return;
    const dueMs = Math.max(clock.now() + this.channel.gatherMs, this.#notBeforeMs);
    this.#isArmed = true;
    this.#cancelTimer = clock.setTimer(dueMs, () => {
      this.#isArmed = false;
      this.#sending = this.#deliver().then(() => {
        this.#sending = null;
        this.wake();
      });
    });
  }

  /** @param isForGood - what waits is tried once more, since no other process will do so soon */
  async stop(isForGood: boolean): Promise<void> {
    const { clock } = this.#options;
    this.#isStopped = true;
    this.#cancelTimer();
    const cancel = clock.setTimer(clock.now() + LAST_MS, () => this.#aborter.abort());
    await this.#sending;
    const before = this.#failures;
    const isWorthIt = (): boolean => !this.#aborter.signal.aborted && this.#failures <= before;
    while (isForGood && isWorthIt() && this.#waiting.length > 0) await this.#deliver();
    cancel();
    this.#aborter.abort();
  }

  get #waiting(): readonly Alert[] {
    return this.#options.spool.pending(this.channel.name);
  }

  async #deliver(): Promise<void> {
    this.#options.spool.expire();
    const alerts = this.#waiting.slice(0, this.channel.most);
    if (alerts.length > 0) await this.#send(alerts);
  }

  async #send(alerts: readonly Alert[]): Promise<void> {
    const { clock, journal, spool } = this.#options;
    const { name, target, pauseMs } = this.channel;
    const fields = { channel: name, target, alerts: alerts.length };
    try {
      const warning = await this.channel.send(alerts, this.#aborter.signal);
      spool.delivered(new Set(alerts.map(({ id }) => id)), name);
      const tries = this.#failures === 0 ? '' : ` at try ${this.#failures + 1}`;
      journal.note('info', 'alert', `${counted(alerts)} sent by ${name} to ${target}${tries}`, fields);
      if (warning !== undefined) journal.note('warning', 'alert', `${name} to ${target}: ${warning}`, fields);
      this.#failures = 0;
      this.#notBeforeMs = clock.now() + pauseMs;
    } catch (error) {
      this.#failures++;
      this.#problem = (error as Error).message;
      const delayMs = retryDelayMs(this.#failures, this.#options.random());
      this.#notBeforeMs = clock.now() + delayMs;
      const next = `next try in ${Math.round(delayMs / 1000)} s`;
      const message = `${counted(alerts)} not sent by ${name} to ${target}: ${this.#problem}; ${next}`;
      journal.note('warning', 'alert', message, { ...fields, failures: this.#failures });
    }
  }
}

function counted({ length }: readonly Alert[]): string {
  return length === 1 ? '1 alert' : `${length} alerts`;
}
