/**
 * What keeps this director from becoming MASTER, from wherever it comes: operators' holds and what the other directors say. The
 * VRRP process is told all of it at once, whenever it changes and on every connection.
 */
import type { AgentState } from '../status/state.ts';
import type { ToVrrp } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import { Exchange, type ExchangeOptions } from './exchange/exchange.ts';
import type { HoldRecord } from './hold-shape.ts';
import { Holds, holdTold } from './holds.ts';
import { Refusal } from './refusal.ts';

export interface StandbyOptions extends Omit<ExchangeOptions, 'keyPath' | 'onNews'> {
  /** Of holds.json and exchange.key. */
  readonly stateFolder: string;
  /** @returns whether the VRRP process was there to be told */
  readonly send: (message: ToVrrp) => boolean;
}

export class Standby {
  readonly exchange: Exchange;
  readonly #options: StandbyOptions;
  readonly #holds: Holds;
  #stored: StoredConfig | null = null;
  /** What the VRRP process was told last. */
  #told = '';

  constructor(options: StandbyOptions) {
    const { clock, journal, stateFolder } = options;
    this.#options = options;
    this.#holds = new Holds({ path: `${stateFolder}/holds.json`, journal, wall: () => clock.wall() });
    this.exchange = new Exchange({
      ...options,
      keyPath: `${stateFolder}/exchange.key`,
      onNews: () => this.#tell(),
    });
  }

  configure(stored: StoredConfig | null): void {
    this.#stored = stored;
    this.exchange.configure(stored);
  }

  /** All, with what the agent holds itself for. */
  get holds(): NonNullable<AgentState['holds']> {
    const { behind } = this.exchange;
    const own = behind === null ? [] : [{ instance: null, owner: 'lvs-agent', ...behind, until: null }];
    return [...this.#holding().map(({ whileHeard: _, ...hold }) => hold), ...own];
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
    const { all } = this.#holds;
    return this.exchange.isAlone ? all.filter(({ whileHeard }) => !whileHeard) : all;
  }

  #message(): Extract<ToVrrp, { type: 'holds' }> {
    const { clock } = this.#options;
    const offsetMs = clock.wall() - clock.now();
    const asked = this.#holding().map((hold) => holdTold(hold, (epochMs) => Math.round(epochMs - offsetMs)));
    return { type: 'holds', holds: [...asked, ...this.exchange.holds()] };
  }

  #tell(): void {
    const message = this.#message();
    const text = JSON.stringify(message.holds);
    if (text !== this.#told && this.#options.send(message)) this.#told = text;
  }
}
