/**
 * The supervisor as a whole: the configuration in force, drains, balancing, tracked scripts, and the link to the VRRP process,
 * whose work the addresses are; from its start to its end. The control socket speaks to this.
 */
import { existsSync } from 'node:fs';
import type { AgentState } from '../status/state.ts';
import type { ToVrrp } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Drains } from './drains.ts';
import type { HandOvers } from './hand-overs.ts';
import { Parts, type PartsOptions } from './parts.ts';
import type { Standby } from './standby.ts';
import { type Release, StateReading } from './state-reading.ts';
import type { VrrpRequests } from './vrrp-requests.ts';

/** How long the VRRP process's last word is waited for when both are stopped: it hands its roles over in 5 s at most. */
const FAREWELL_MS = 7_000;
const FAREWELL_STEP_MS = 20;

export interface SupervisorOptions extends PartsOptions {
  /** Is there when systemd stops the agent for good, and not when it restarts it. */
  readonly handoverMark: string;
  readonly release: Release;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #parts: Parts;
  readonly #reading: StateReading;
  #isReady = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#parts = new Parts(options, {
      apply: (stored) => this.#apply(stored),
      onCompared: () => this.#afterComparison(),
      greeting: () => this.#greeting(),
    });
    this.#reading = new StateReading(this.#parts, options);
  }

  async start(): Promise<void> {
    const { inForce, standby, balancing, notices, link } = this.#parts;
    const stored = inForce.load();
    this.#adopt(stored);
    standby.configure(stored);
    standby.exchange.start();
    await balancing.start(stored);
    notices.judge();
    link.start();
  }

  async stop(): Promise<void> {
    const { inForce, standby, balancing, trackers, notices, link } = this.#parts;
    const isForGood = existsSync(this.#options.handoverMark);
    if (isForGood) await this.#hearFarewell();
    standby.exchange.stop();
    link.stop();
    trackers.stop();
    await Promise.all([
      notices.stop(isForGood),
      balancing.stop(isForGood && inForce.stored?.config.ipvs.onStop === 'flush'),
    ]);
  }

  /** The VRRP process is stopped at the same time: what it gives up is told before our own end is. */
  async #hearFarewell(): Promise<void> {
    const { clock } = this.#options;
    const { link, notices } = this.#parts;
    const endMs = clock.now() + FAREWELL_MS;
    while (link.isAlive && !notices.areStopped && clock.now() < endMs)
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + FAREWELL_STEP_MS, resolve));
  }

  /** Puts another configuration in force, or the former one again. @throws Refusal */
  install(next: StoredConfig): Promise<void> {
    return this.#parts.inForce.install(next);
  }

  async #apply(next: StoredConfig | null): Promise<readonly string[]> {
    const { balancing, notices, trackers, link } = this.#parts;
    this.#adopt(next);
    const errors = await balancing.configure(next);
    notices.judge();
    if (errors.length > 0 || next === null) return errors;
    const refused = await link.configure(next.config);
    trackers.tell();
    return refused === null ? [] : [`the VRRP process refused it: ${refused}`];
  }

  #adopt(stored: StoredConfig | null): void {
    const { protections, trackers, notices } = this.#parts;
    this.#options.journal.director = stored?.self ?? '';
    protections.follow(stored);
    trackers.configure(stored);
    notices.configure(stored);
  }

  get drains(): Drains {
    return this.#parts.drains;
  }

  get standby(): Standby {
    return this.#parts.standby;
  }

  get handOvers(): HandOvers {
    return this.#parts.handOvers;
  }

  /** What people ask of the VRRP process. */
  get vrrp(): VrrpRequests {
    return this.#parts.vrrp;
  }

  state(): AgentState {
    return this.#reading.now();
  }

  /** The VRRP process may become MASTER once IPVS is programmed and the first verdicts are in. */
  #afterComparison(): void {
    const { link, drains, standby, handOvers, balancing, yielding } = this.#parts;
    link.check();
    drains.expire();
    standby.expire();
    handOvers.check();
    yielding.judge();
    if (this.#isReady || !balancing.isReady) return;
    this.#isReady = true;
    link.send({ type: 'ready' });
  }

  /** The configuration too: either process may have been away while it changed. */
  #greeting(): ToVrrp[] {
    const { inForce, trackers, standby } = this.#parts;
    const { stored } = inForce;
    return [
      ...(stored === null ? [] : [{ type: 'config', config: stored.config } as const]),
      trackers.greeting(),
      standby.greeting(),
      ...(this.#isReady ? [{ type: 'ready' } as const] : []),
    ];
  }
}
