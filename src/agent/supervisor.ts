/**
 * The supervisor as a whole: the configuration in force, drains, balancing, tracked scripts, and the link to the VRRP process,
 * whose work the addresses are. The control socket speaks to this.
 */
import { existsSync } from 'node:fs';
import type { Sysctls } from '../kernel/sysctls.ts';
import type { AgentState } from '../status/state.ts';
import type { InstanceReport, ToVrrp } from '../vrrp/link.ts';
import { Balancing, type BalancingOptions } from './balancing.ts';
import type { StoredConfig } from './config-shape.ts';
import { ConfigStore } from './config-store.ts';
import { Drains } from './drains.ts';
import { HandOvers } from './hand-overs.ts';
import { OverrideStore } from './override-store.ts';
import { Refusal } from './refusal.ts';
import { agentStateOf } from './state-report.ts';
import { type RunScript, TrackedScripts } from './tracked-scripts.ts';
import { serviceTracking } from './tracking.ts';
import { VrrpLink } from './vrrp-link.ts';

/** What two readings of two clocks may lie apart; more, and one of them was set. */
const CLOCK_STEP_MS = 100;

/** The VRRP process takes 5 s at most to give its roles away. */
const HAND_OVER_MS = 7_000;

export interface SupervisorOptions
  extends Pick<BalancingOptions, 'clock' | 'random' | 'ipvs' | 'firewall' | 'journal' | 'probeOf'> {
  readonly sysctls: Sysctls;
  readonly runScript: RunScript;
  /** config.json; last-good.json stands beside it. */
  readonly configPath: string;
  /** Of overrides.json and table.json. */
  readonly stateFolder: string;
  /** Of what holds for the running kernel only: relays.json and sysctls.json. */
  readonly runtimeFolder: string;
  readonly vrrpSocket: string;
  /** Is there when systemd stops the agent for good, and not when it restarts it. */
  readonly handoverMark: string;
  readonly release: { readonly hash: string; readonly version: string };
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #store: ConfigStore;
  readonly #drains: Drains;
  readonly #balancing: Balancing;
  readonly #scripts: TrackedScripts;
  readonly #link: VrrpLink;
  readonly #handOvers: HandOvers;
  readonly #startedAt: number;
  #stored: StoredConfig | null = null;
  #configError: string | null = null;
  #isReady = false;
  #isTelling = false;
  #offsetMs = 0;
  /** The tracking that the VRRP process was told last. */
  #told = '';
  #installing: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    const { clock, journal, stateFolder, runtimeFolder, vrrpSocket, runScript, sysctls } = options;
    this.#options = options;
    this.#startedAt = clock.wall();
    this.#store = new ConfigStore(options.configPath, journal);
    const overrides = new OverrideStore(`${stateFolder}/overrides.json`, journal);
    this.#balancing = new Balancing({
      ...options,
      overrides,
      ownershipPath: `${stateFolder}/table.json`,
      relays: () => this.#handOvers.table,
      onVerdict: () => this.#tellTracking(),
      onCompared: () => this.#afterComparison(),
    });
    this.#drains = new Drains({
      store: overrides,
      journal,
      wall: () => clock.wall(),
      config: () => this.#stored?.config ?? null,
      apply: (cause) => this.#balancing.apply(cause),
    });
    this.#scripts = new TrackedScripts({ clock, journal, run: runScript, onChange: () => this.#tellTracking() });
    this.#link = new VrrpLink({
      path: vrrpSocket,
      clock,
      greeting: () => this.#greeting(),
      onTransition: ({ instance, from, to, cause }) => {
        journal.record('notice', 'vrrp', `${instance}: ${from} → ${to} (${cause})`, { instance, from, to });
        this.#handOvers.onTransition(instance, to);
      },
      onRelay: ({ instance, to }) => void this.#handOvers.prepare(instance, to),
      onHandOver: ({ instance, outcome, cause }) => {
        if (outcome === 'begun')
          journal.record('notice', 'vrrp', `${instance} is handed over (${cause})`, { instance });
        else journal.record('warning', 'vrrp', `${instance} is still MASTER here: ${cause}`, { instance });
      },
      onAlive: (alive) => {
        if (alive) journal.note('info', 'vrrp', 'the VRRP process answers');
        else journal.note('error', 'vrrp', 'the VRRP process does not answer');
      },
    });
    this.#handOvers = new HandOvers({
      ...{ journal, sysctls, folder: runtimeFolder },
      wall: () => clock.wall(),
      config: () => this.#stored?.config ?? null,
      entries: () => this.#balancing.view.entries,
      apply: (cause) => this.#balancing.applyWithMarks(cause),
      instances: () => (this.#link.isAlive ? this.#link.instances : null),
      send: (message) => this.#link.send(message),
    });
  }

  async start(): Promise<void> {
    const { stored, error } = this.#store.load();
    if (error !== null) this.#options.journal.note('error', 'config', error);
    this.#adopt(stored);
    this.#configError = error;
    await this.#balancing.start(stored);
    this.#link.start();
  }

  async stop(): Promise<void> {
    const isForGood = existsSync(this.#options.handoverMark);
    const flushes = isForGood && this.#stored?.config.ipvs.onStop === 'flush';
    if (flushes) await this.#link.untilGone(HAND_OVER_MS);
    this.#link.stop();
    this.#scripts.stop();
    await this.#balancing.stop(flushes);
  }

  /**
   * Puts another configuration in force, or the former one again when the kernel or the VRRP process refuses it.
   * @throws Refusal
   */
  install(next: StoredConfig): Promise<void> {
    const mine = this.#installing.then(() => this.#install(next));
    this.#installing = mine.catch(() => {});
    return mine;
  }

  async #install(next: StoredConfig): Promise<void> {
    const { journal } = this.#options;
    const before = this.#stored;
    if (before !== null && next.generation < before.generation) {
      throw new Refusal(409, `generation ${next.generation} is older than ${before.generation}, which is in force`);
    }
    const problems = await this.#tryConfig(next);
    if (problems.length === 0) {
      this.#store.confirm(next);
      this.#configError = null;
      journal.note('notice', 'config', `configuration ${next.generation} is in force`, { hash: next.hash });
      return;
    }
    this.#configError = `configuration ${next.generation} was rolled back: ${problems.join('; ')}`;
    journal.note('error', 'config', this.#configError, { hash: next.hash });
    await this.#tryConfig(before);
    throw new Refusal(422, this.#configError);
  }

  /** @returns what disk, kernel and VRRP process said against it */
  async #tryConfig(next: StoredConfig | null): Promise<readonly string[]> {
    try {
      this.#store.save(next);
    } catch (error) {
      return [`it cannot be written: ${(error as Error).message}`];
    }
    this.#adopt(next);
    const errors = await this.#balancing.configure(next);
    if (errors.length > 0 || next === null) return errors;
    const refused = await this.#link.configure(next.config);
    this.#tellTracking();
    return refused === null ? [] : [`the VRRP process refused it: ${refused}`];
  }

  #adopt(stored: StoredConfig | null): void {
    this.#stored = stored;
    this.#options.journal.director = stored?.self ?? '';
    this.#scripts.configure(stored === null ? [] : trackedBy(stored));
  }

  get drains(): Drains {
    return this.#drains;
  }

  get handOvers(): HandOvers {
    return this.#handOvers;
  }

  /** Asks the VRRP process to hand an instance over. @throws Refusal */
  yieldInstance(instance: string): void {
    const found = this.#instance(instance);
    if (found.state !== 'MASTER') throw new Refusal(409, `${instance} is ${found.state} here, not MASTER`);
    this.#link.send({ type: 'yield', instance });
    this.#options.journal.note('notice', 'vrrp', `${instance} is to be handed over, as was asked for`, { instance });
  }

  /** Keeps an instance from becoming MASTER for a while; 0 ends it. @throws Refusal */
  holdInstance(instance: string, reason: string, forMs: number): void {
    this.#instance(instance);
    this.#link.send({ type: 'hold', instance, reason, forMs });
  }

  /** No connection needs this director any more. @throws Refusal */
  endLameDuck(instance: string): void {
    this.#instance(instance);
    this.#link.send({ type: 'end-lame-duck', instance });
  }

  #instance(instance: string): InstanceReport {
    const found = this.#link.instances.find(({ name }) => name === instance);
    if (!this.#link.isAlive) throw new Refusal(503, 'the VRRP process does not answer');
    if (found === undefined) throw new Refusal(404, `there is no instance ${instance} here`);
    return found;
  }

  state(): AgentState {
    const { clock, release } = this.#options;
    const offsetMs = this.#wallOffset();
    const { view, desired, prober } = this.#balancing;
    return agentStateOf({
      config: this.#stored?.config ?? null,
      self: this.#stored?.self ?? '',
      desired,
      table: view,
      plan: prober.plan,
      standing: (key) => prober.standing(key),
      wallOf: (ms) => Math.round(ms + offsetMs),
      overrides: this.#drains.all,
      relays: this.#handOvers.state,
      vrrp: { alive: this.#link.isAlive, report: this.#link.report },
      alarms: [...this.#vrrpAlarms(), ...view.errors],
      rest: {
        at: clock.wall(),
        release: release.hash,
        version: release.version,
        startedAt: this.#startedAt,
        config: {
          hash: this.#stored?.hash ?? '',
          generation: this.#stored?.generation ?? 0,
          error: this.#configError,
        },
      },
    });
  }

  /** Of the wall clock from the monotonic one: the same from one state to the next, unless the wall clock was set. */
  #wallOffset(): number {
    const { clock } = this.#options;
    const now = clock.wall() - clock.now();
    if (Math.abs(now - this.#offsetMs) > CLOCK_STEP_MS) this.#offsetMs = now;
    return this.#offsetMs;
  }

  #vrrpAlarms(): string[] {
    const { isAlive, refusal } = this.#link;
    if (isAlive) return refusal === null ? [] : [`the VRRP process refused the configuration: ${refusal}`];
    const { self, config } = this.#stored ?? {};
    const needsIt =
      config?.instances.length || config?.directors.some((one) => one.name === self && one.vips.length > 0);
    return needsIt ? ['the VRRP process does not answer'] : [];
  }

  /** The VRRP process may become MASTER once IPVS is programmed and the first verdicts are in. */
  #afterComparison(): void {
    this.#link.check();
    this.#drains.expire();
    this.#handOvers.check();
    if (this.#isReady || !this.#balancing.isReady) return;
    this.#isReady = true;
    this.#link.send({ type: 'ready' });
  }

  /** The configuration too: either process may have been away while it changed. */
  #greeting(): ToVrrp[] {
    const tracking = this.#tracking();
    this.#told = JSON.stringify(tracking);
    return [
      ...(this.#stored === null ? [] : [{ type: 'config', config: this.#stored.config } as const]),
      tracking,
      ...(this.#isReady ? [{ type: 'ready' } as const] : []),
    ];
  }

  #tracking(): ToVrrp {
    const { prober } = this.#balancing;
    const services = serviceTracking(prober.plan, (probes) => prober.judge(probes));
    return { type: 'tracking', scripts: this.#scripts.states(), services };
  }

  /** Once a turn of the loop, and only news: a thousand verdicts may come in one. */
  #tellTracking(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      const tracking = this.#tracking();
      const text = JSON.stringify(tracking);
      if (text !== this.#told && this.#link.send(tracking)) this.#told = text;
    });
  }
}

/** The scripts that an instance of this director watches. */
function trackedBy({ self, config }: StoredConfig): StoredConfig['config']['scripts'] {
  const watched = new Set(
    config.instances
      .filter(({ speakers }) => speakers.some(({ director }) => director === self))
      .flatMap(({ track }) => track.scripts.map(({ name }) => name)),
  );
  return config.scripts.filter(({ name }) => watched.has(name));
}
