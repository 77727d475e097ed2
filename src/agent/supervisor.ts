/**
 * The supervisor as a whole: the configuration in force, drains, balancing, tracked scripts, and the link to the VRRP process,
 * whose work the addresses are. The control socket speaks to this.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Sysctls } from '../kernel/sysctls.ts';
import type { AgentState } from '../status/state.ts';
import type { ToVrrp } from '../vrrp/link.ts';
import { Balancing, type BalancingOptions } from './balancing.ts';
import type { StoredConfig } from './config-shape.ts';
import { Drains } from './drains.ts';
import { HandOvers } from './hand-overs.ts';
import { InForce } from './in-force.ts';
import { Notices, type NoticesOptions } from './notices.ts';
import { OverrideStore } from './override-store.ts';
import { Protections } from './protections.ts';
import { Standby, type StandbyOptions } from './standby.ts';
import { agentStateOf } from './state-report.ts';
import type { RunScript } from './tracked-scripts.ts';
import { Trackers } from './trackers.ts';
import { VrrpLink } from './vrrp-link.ts';
import { mastersOf, VrrpRequests, vrrpAlarms } from './vrrp-requests.ts';
import { WallOffset } from './wall-offset.ts';

/** How long the VRRP process's last word is waited for when both are stopped: it hands its roles over in 5 s at most. */
const FAREWELL_MS = 7_000;
const FAREWELL_STEP_MS = 20;

export interface SupervisorOptions
  extends Pick<BalancingOptions, 'clock' | 'random' | 'ipvs' | 'firewall' | 'journal' | 'probeOf'>,
    Pick<NoticesOptions, 'runProgram'>,
    Pick<StandbyOptions, 'datagrams'> {
  readonly sysctls: Sysctls;
  readonly runScript: RunScript;
  /** config.json; last-good.json stands beside it. */
  readonly configPath: string;
  /** Of overrides.json, removals.json, holds.json, table.json, the key of the exchange and what {@link Notices} keeps. */
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
  readonly #inForce: InForce;
  readonly #drains: Drains;
  readonly #standby: Standby;
  readonly #protections: Protections;
  readonly #balancing: Balancing;
  readonly #trackers: Trackers;
  readonly #link: VrrpLink;
  readonly #vrrp: VrrpRequests;
  readonly #notices: Notices;
  readonly #handOvers: HandOvers;
  readonly #startedAt: number;
  readonly #wallOffset: WallOffset;
  #isReady = false;

  constructor(options: SupervisorOptions) {
    const { clock, journal, stateFolder, runScript } = options;
    this.#options = options;
    this.#startedAt = clock.wall();
    this.#wallOffset = new WallOffset(clock);
    this.#inForce = new InForce({
      configPath: options.configPath,
      journal,
      apply: (stored) => this.#apply(stored),
      onConfirmed: (stored) => this.#standby.configure(stored),
    });
    const overrides = new OverrideStore({ folder: stateFolder, journal, wall: () => clock.wall() });
    this.#balancing = new Balancing({
      ...options,
      overrides,
      ownershipPath: `${stateFolder}/table.json`,
      relays: () => this.#handOvers.table,
      policy: this.#policy(),
      onVerdict: () => {
        this.#trackers.tell();
        this.#notices.judgeSoon();
      },
      onCompared: () => this.#afterComparison(),
    });
    this.#drains = new Drains({
      store: overrides,
      journal,
      wall: () => clock.wall(),
      config: () => this.#stored?.config ?? null,
      apply: (cause) => this.#balancing.apply(cause),
      onSaid: () => this.#standby.exchange.tell(),
    });
    this.#standby = new Standby({
      ...options,
      said: () => overrides.said,
      learn: (said, from) => this.#drains.learn(said, from),
      masters: () => mastersOf(this.#link),
      onNews: () => this.#protections.judge(),
      send: (message) => this.#link.send(message),
    });
    this.#protections = new Protections({
      paths: { rings: `${stateFolder}/hmac.json`, lastGood: `${dirname(options.configPath)}/last-good.json` },
      clock,
      journal,
      has: (director, stored) => this.#standby.exchange.has(director, stored),
      reports: () => this.#link.instances,
      send: (message) => this.#link.send(message),
    });
    this.#trackers = new Trackers({
      clock,
      journal,
      runScript,
      prober: this.#balancing.prober,
      send: (message) => this.#link.send(message),
    });
    this.#notices = new Notices({ ...options, prober: this.#balancing.prober });
    this.#link = this.#linkToVrrp();
    this.#vrrp = new VrrpRequests(this.#link, journal);
    this.#handOvers = new HandOvers({
      ...{ journal, sysctls: options.sysctls, folder: options.runtimeFolder },
      wall: () => clock.wall(),
      config: () => this.#stored?.config ?? null,
      self: () => this.#stored?.self ?? '',
      entries: () => this.#balancing.view.entries,
      apply: (cause) => this.#balancing.applyWithMarks(cause),
      instances: () => (this.#link.isAlive ? this.#link.instances : null),
      send: (message) => void this.#link.send(message),
    });
  }

  #policy(): BalancingOptions['policy'] {
    const { journal } = this.#options;
    return {
      toldQuorum: (service) => this.#notices.services.toldQuorum(service),
      onNews: ({ level, message, service }) => journal.note(level, 'check', message, { service: service.name }),
      onLook: (...seen) => this.#notices.services.look(...seen),
    };
  }

  #linkToVrrp(): VrrpLink {
    const { clock, journal, vrrpSocket } = this.#options;
    return new VrrpLink({
      path: vrrpSocket,
      clock,
      greeting: () => this.#greeting(),
      onTransition: (transition) => {
        setImmediate(() => this.#standby.exchange.tell()); // the report comes right behind it
        this.#notices.transition(transition);
        this.#handOvers.onTransition(transition.instance, transition.to);
      },
      onFound: (instances) => this.#notices.found(instances),
      onRelay: ({ instance, to }) => void this.#handOvers.prepare(instance, to),
      onHandOver: (news) => this.#handOvers.tell(news),
      onReport: (instances) => {
        this.#balancing.follow(instances);
        this.#notices.reported(instances);
      },
      onAlive: (alive) => {
        if (alive) journal.note('info', 'vrrp', 'the VRRP process answers');
        else journal.note('error', 'vrrp', 'the VRRP process does not answer');
      },
    });
  }

  get #stored(): StoredConfig | null {
    return this.#inForce.stored;
  }

  async start(): Promise<void> {
    const stored = this.#inForce.load();
    this.#adopt(stored);
    this.#standby.configure(stored);
    this.#standby.exchange.start();
    await this.#balancing.start(stored);
    this.#notices.judge();
    this.#link.start();
  }

  async stop(): Promise<void> {
    const isForGood = existsSync(this.#options.handoverMark);
    if (isForGood) await this.#hearFarewell();
    this.#standby.exchange.stop();
    this.#link.stop();
    this.#trackers.stop();
    await Promise.all([
      this.#notices.stop(isForGood),
      this.#balancing.stop(isForGood && this.#stored?.config.ipvs.onStop === 'flush'),
    ]);
  }

  /** The VRRP process is stopped at the same time: what it gives up is told before our own end is. */
  async #hearFarewell(): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.now() + FAREWELL_MS;
    while (this.#link.isAlive && !this.#notices.areStopped && clock.now() < endMs)
      await new Promise<void>((resolve) => clock.setTimer(clock.now() + FAREWELL_STEP_MS, resolve));
  }

  /** Puts another configuration in force, or the former one again. @throws Refusal */
  install(next: StoredConfig): Promise<void> {
    return this.#inForce.install(next);
  }

  /** @returns what kernel and VRRP process said against it */
  async #apply(next: StoredConfig | null): Promise<readonly string[]> {
    this.#adopt(next);
    const errors = await this.#balancing.configure(next);
    this.#notices.judge();
    if (errors.length > 0 || next === null) return errors;
    const refused = await this.#link.configure(next.config);
    this.#trackers.tell();
    return refused === null ? [] : [`the VRRP process refused it: ${refused}`];
  }

  #adopt(stored: StoredConfig | null): void {
    this.#options.journal.director = stored?.self ?? '';
    this.#protections.follow(stored);
    this.#trackers.configure(stored);
    this.#notices.configure(stored);
  }

  get drains(): Drains {
    return this.#drains;
  }

  get standby(): Standby {
    return this.#standby;
  }

  get handOvers(): HandOvers {
    return this.#handOvers;
  }

  /** What people ask of the VRRP process. */
  get vrrp(): VrrpRequests {
    return this.#vrrp;
  }

  state(): AgentState {
    const { clock, release } = this.#options;
    const wallOf = this.#wallOffset.reading();
    const { view, desired, prober, policies } = this.#balancing;
    const { exchange } = this.#standby;
    return agentStateOf({
      config: this.#stored?.config ?? null,
      self: this.#stored?.self ?? '',
      desired,
      table: view,
      plan: prober.plan,
      standing: (key) => prober.standing(key),
      nowMs: clock.now(),
      wallOf,
      policies: policies.states(wallOf),
      waiting: this.#balancing.waiting,
      overrides: this.#drains.all,
      holds: this.#standby.holds,
      relays: this.#handOvers.state,
      lent: this.#handOvers.lent,
      exchange: { key: exchange.key(), peers: exchange.peers(wallOf) },
      vrrp: { alive: this.#link.isAlive, report: this.#link.report },
      problemOf: (kind, name) => this.#trackers.problemOf(kind, name),
      alarms: [
        ...vrrpAlarms(this.#link, this.#stored),
        ...exchange.alarms(),
        ...this.#protections.alarms(),
        ...view.errors,
        ...this.#notices.problems,
      ],
      rest: {
        at: clock.wall(),
        release: release.hash,
        version: release.version,
        startedAt: this.#startedAt,
        config: {
          hash: this.#stored?.hash ?? '',
          generation: this.#stored?.generation ?? 0,
          error: this.#inForce.error,
        },
      },
    });
  }

  /** The VRRP process may become MASTER once IPVS is programmed and the first verdicts are in. */
  #afterComparison(): void {
    this.#link.check();
    this.#drains.expire();
    this.#standby.expire();
    this.#handOvers.check();
    if (this.#isReady || !this.#balancing.isReady) return;
    this.#isReady = true;
    this.#link.send({ type: 'ready' });
  }

  /** The configuration too: either process may have been away while it changed. */
  #greeting(): ToVrrp[] {
    return [
      ...(this.#stored === null ? [] : [{ type: 'config', config: this.#stored.config } as const]),
      this.#trackers.greeting(),
      this.#standby.greeting(),
      ...(this.#isReady ? [{ type: 'ready' } as const] : []),
    ];
  }
}
