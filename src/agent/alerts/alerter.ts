/**
 * Makes alerts of what happens, once each, and has them delivered by the channels that are configured. What was told last of
 * each instance and group is on disk, so that what came about while no supervisor ran is told by the next.
 */
import { randomUUID } from 'node:crypto';
import type { AlertsConfig } from '../../config/config.ts';
import type { Where } from '../notify/command.ts';
import type { Move } from '../notify/moves.ts';
import { subjectKey, type Told } from '../notify/subject.ts';
import type { ToldStore } from '../told-store.ts';
import { type Channel, Delivery, type DeliveryOptions } from './delivery.ts';
import { alertOf, type Happening, happeningOfMove, happeningOfVerdict } from './happening.ts';
import { mailChannel } from './mail.ts';
import type { VerdictChange } from './verdicts.ts';
import { webhookChannel } from './webhook.ts';

export interface AlerterOptions extends DeliveryOptions {
  readonly told: ToldStore;
}

export class Alerter {
  readonly #options: AlerterOptions;
  /** What was told last, also before it is on the disk. */
  readonly #last = new Map<string, Told>();
  #where: Where = { cluster: '', director: '' };
  #configured = '';
  #deliveries: readonly Delivery[] = [];
  #former: Promise<void> = Promise.resolve();
  #isReady = false;

  constructor(options: AlerterOptions) {
    this.#options = options;
  }

  /** A configuration that says the same of alerts changes nothing; another one tries at once what waits. */
  configure(where: Where, alerts: AlertsConfig): void {
    this.#where = where;
    const configured = JSON.stringify([where, alerts]);
    if (configured === this.#configured) return;
    this.#configured = configured;
    this.#isReady = false;
    const former = this.#deliveries;
    this.#deliveries = channelsOf(alerts, where.director).map((channel) => new Delivery(channel, this.#options));
    for (const name of ['mail', 'webhook'] as const) if (!this.#names.includes(name)) this.#options.spool.abandon(name);
    // What the former ones are about to deliver must not be delivered twice.
    this.#former = Promise.all([this.#former, ...former.map((delivery) => delivery.stop(false))]).then(() => {
      if (this.#configured === configured) this.#isReady = true;
      this.#wake();
    });
  }

  /** Whether anybody is told anything. */
  get isOn(): boolean {
    return this.#deliveries.length > 0;
  }

  /** One sentence each. */
  get problems(): string[] {
    return this.#deliveries.flatMap(({ problem }) => problem ?? []);
  }

  take(move: Move): void {
    const { spool, told } = this.#options;
    const key = subjectKey(move.subject);
    const from = this.#last.get(key) ?? told.last(key)?.state ?? null;
    if (from === move.to) return;
    this.#last.set(key, move.to);
    const remember = (): void => told.set(key, { state: move.to, left: [] });
    // The first word of a director that has just been set up is no news, nor that it waits.
    const isNews = move.subject.alert && (from !== null || move.to === 'MASTER' || move.to === 'FAULT');
    const happening = happeningOfMove(move, from);
    // The former process may have ended between the two writes.
    const isKnown = move.seen === 'found' && spool.newest(happening)?.to === move.to;
    // Told twice rather than never: it is on the disk before it counts as told.
    if (isNews && !isKnown) void this.#spool(happening).then(remember);
    else remember();
  }

  takeVerdict(change: VerdictChange, at: number): void {
    void this.#spool(happeningOfVerdict(change, at));
  }

  async stop(isForGood: boolean): Promise<void> {
    await Promise.all([this.#former, this.#options.spool.settled()]);
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop(isForGood)));
    await this.#options.spool.settled();
  }

  get #names() {
    return this.#deliveries.map(({ channel }) => channel.name);
  }

  async #spool(happening: Happening): Promise<void> {
    if (!this.isOn) return;
    const written = this.#options.spool.add(alertOf(happening, this.#where, randomUUID()), this.#names);
    this.#wake();
    await written;
  }

  #wake(): void {
    if (this.#isReady) for (const delivery of this.#deliveries) delivery.wake();
  }
}

function channelsOf({ smtp, webhook }: AlertsConfig, director: string): Channel[] {
  return [
    ...(smtp === null ? [] : [mailChannel(smtp, director)]),
    ...(webhook === null ? [] : [webhookChannel(webhook)]),
  ];
}
