/**
 * What keeps this director from becoming MASTER, from wherever it comes: operators' holds and what the other directors say. The
 * VRRP process is told all of it at once, whenever it changes and on every connection.
 */
import { OWN_HOLD } from '../status/hold.ts';
import type { AgentState } from '../status/state.ts';
import type { ToVrrp } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Service } from './exchange/elsewhere.ts';
import { Exchange, type ExchangeOptions } from './exchange/exchange.ts';
import { SERVED_MS } from './exchange/fence.ts';
import type { HoldRecord } from './hold-shape.ts';
import { Holds, holdTold } from './holds.ts';
import { Refusal } from './refusal.ts';
import type { Left } from './yielding.ts';

export interface StandbyOptions extends Omit<ExchangeOptions, 'keyPath'> {
  /** Of holds.json and exchange.key. */
  readonly stateFolder: string;
  /** Instances that are left to a director that sees more. */
  readonly left: () => readonly Left[];
  /** @returns whether the VRRP process was there to be told */
  readonly send: (message: ToVrrp) => boolean;
}

export class Standby {
  readonly exchange: Exchange;
  readonly #options: StandbyOptions;
  readonly #holds: Holds;
  readonly #startedMs: number;
  #stored: StoredConfig | null = null;
  /** What the VRRP process was told last. */
  #told = '';

  constructor(options: StandbyOptions) {
    const { clock, journal, stateFolder } = options;
    this.#options = options;
    this.#startedMs = clock.now();
    this.#holds = new Holds({
      path: `${stateFolder}/holds.json`,
      journal,
      wall: () => clock.wall(),
      outlasts: (hold) => this.#outlasts(hold),
    });
    this.exchange = new Exchange({
      ...options,
      keyPath: `${stateFolder}/exchange.key`,
      onNews: () => {
        this.#tell();
        options.onNews();
      },
    });
  }

  configure(stored: StoredConfig | null): void {
    this.#stored = stored;
    this.exchange.configure(stored);
  }

  /** All, with what the agent holds itself for. */
  get holds(): NonNullable<AgentState['holds']> {
    const { behind } = this.exchange;
    const old = behind === null ? [] : [{ instance: null, ...behind }];
    const own = [...old, ...this.#options.left()].map((one) => ({ ...one, owner: OWN_HOLD, until: null }));
    const asked = this.#holding().map(({ whileServed, until, ...hold }) => ({
      ...hold,
      ...(whileServed === undefined ? {} : { whileServed: [...whileServed] }),
      until: until <= this.#options.clock.wall() ? null : until,
    }));
    return [...asked, ...own];
  }

  /**
   * Keeps an instance, or all, from becoming MASTER here.
   * @param comes the instance may not be there yet
   * @throws Refusal; Error when it cannot be written
   */
  hold(hold: HoldRecord, comes = false): void {
    const { instance } = hold;
    const { config, self } = this.#stored ?? {};
    const here = config?.instances.filter(({ speakers }) => speakers.some(({ director }) => director === self));
    if (!comes && instance !== null && !here?.some(({ name }) => name === instance)) {
      throw new Refusal(404, `there is no instance ${instance} here`);
    }
    this.#holds.add(hold);
    this.#tell();
  }

  /**
   * Lets go; of everything, also of an old configuration, when neither instance nor owner are said.
   * @returns how many held. @throws Error when it cannot be written
   */
  release(instance: string | null, owner: string | null): number {
    const released = this.#holds.release(instance, owner).length;
    const isWaived = instance === null && owner === null && this.exchange.waive();
    this.#tell();
    return released + (isWaived ? 1 : 0);
  }

  /** Forgets what has run out. */
  expire(): void {
    if (this.#holds.expire()) this.#tell();
  }

  /** What the VRRP process has to know on a new connection. */
  greeting(): ToVrrp {
    const message = this.#message();
    this.#told = JSON.stringify(message.holds);
    return message;
  }

  #holding(): readonly HoldRecord[] {
    return this.#holds.all.filter((hold) => this.#serviceOf(hold) !== 'not served');
  }

  /** After a start, until the others were heard, it may be true still. */
  #outlasts(hold: HoldRecord): boolean {
    const service = this.#serviceOf(hold);
    const isNew = this.#options.clock.now() - this.#startedMs < SERVED_MS;
    return service === 'served' || (service === 'unknown' && isNew);
  }

  #serviceOf({ whileServed }: HoldRecord): Service | null {
    return whileServed === undefined ? null : this.exchange.serviceOf(whileServed);
  }

  #message(): Extract<ToVrrp, { type: 'holds' }> {
    const { clock } = this.#options;
    const offsetMs = clock.wall() - clock.now();
    const asked = this.#holding().map((hold) => {
      const until = Math.max(hold.until, this.#serviceOf(hold) === 'served' ? clock.wall() + SERVED_MS : 0);
      return holdTold({ ...hold, until }, (epochMs) => Math.round(epochMs - offsetMs));
    });
    // Where nobody is heard any more, to see badly is better than not to serve.
    const left = this.#options
      .left()
      .map(({ instance, reason }) => ({ instance, reason, untilMs: null, endsAlone: true }));
    return { type: 'holds', holds: [...asked, ...this.exchange.holds(), ...left] };
  }

  #tell(): void {
    const message = this.#message();
    const text = JSON.stringify(message.holds);
    if (text !== this.#told && this.#options.send(message)) this.#told = text;
  }
}
