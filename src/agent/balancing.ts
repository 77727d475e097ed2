/**
 * Verdicts and overrides give the table that the kernel shall have; twice a second, and at every change, what the kernel has is
 * compared with it. Probes run here, the pure rules are in src/health and src/balancer.
 */
import { type DesiredService, desiredTable } from '../balancer/desired.ts';
import { isReservedMark, type RelayTable } from '../balancer/relay.ts';
import { keysOf, type Role, standingBy } from '../balancer/standing-by.ts';
import type { Config } from '../config/config.ts';
import { NO_PROBES, type ProbeSpec, probePlan } from '../health/probe-plan.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import { inPathProbe } from '../probes/in-path.ts';
import type { Probe } from '../probes/probe.ts';
import { adopted, formerOf } from './adoption.ts';
import { CheckNotes } from './check-notes.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { KeptSurroundings } from './kept-surroundings.ts';
import type { OverrideStore } from './override-store.ts';
import { Policies, type PoliciesOptions } from './policies.ts';
import { ProbePaths } from './probe-paths.ts';
import { Prober } from './prober.ts';
import { TableKeeper, type TableView } from './table-keeper.ts';
import { Turns } from './turns.ts';

/**
 * How often the kernel's table is compared, at the least: the kernel does not tell of changes, and what somebody else has
 * changed is mended within a second.
 */
const RECONCILE_MS = 500;

export interface BalancingOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ipvs: Ipvs;
  readonly firewall: Firewall;
  readonly journal: Journal;
  readonly probeOf: (spec: ProbeSpec) => Probe;
  readonly overrides: OverrideStore;
  readonly ownershipPath: string;
  /** Of what was lent to in-path probes. */
  readonly leasesPath: string;
  readonly policy: Pick<PoliciesOptions, 'toldQuorum' | 'onNews' | 'onLook'>;
  /** What planned hand-overs need beside the configuration's services. */
  readonly relays: () => RelayTable;
  readonly onVerdict: () => void;
  /** After every comparison with the kernel. */
  readonly onCompared: () => void;
}

export class Balancing {
  readonly prober: Prober;
  readonly policies: Policies;
  readonly #options: BalancingOptions;
  readonly #table: TableKeeper;
  readonly #paths: ProbePaths;
  readonly #surroundings: KeptSurroundings;
  readonly #turns = new Turns();
  #stored: StoredConfig | null = null;
  /** Of this director's instances; null: not known yet. */
  #roles: readonly Role[] | null = null;
  /** Services that are left alone here while another director is MASTER. */
  #waiting: ReadonlySet<string> = new Set();
  #isUrgent = false;
  /** Another role is to be followed, at the next turn. */
  #follows = false;
  /** What the kernel had at the start is known. */
  #isAdopted = false;
  #causes: string[] = [];
  #cancelTick: () => void = () => {};
  #isStopped = false;

  constructor(options: BalancingOptions) {
    const { clock, random, ipvs, firewall, journal, probeOf, ownershipPath, leasesPath } = options;
    const wall = (): number => clock.wall();
    this.#options = options;
    this.#table = new TableKeeper({
      ...{ ipvs, journal, ownershipPath, wall },
      withdrawn: () =>
        new Set(keysOf(this.#stored?.config.services.filter(({ name }) => this.#waiting.has(name)) ?? [])),
      isOurs: (id) => id.kind === 'mark' && this.#stored !== null && isReservedMark(this.#stored.config, id.mark),
    });
    this.#paths = new ProbePaths({
      ...{ ipvs, journal, wall, leasesPath },
      lameDucks: () => this.#roles?.flatMap((one) => (one.lameDuckUntil === undefined ? [] : [one.name])) ?? [],
      changes: () => this.#table.ownChanges,
    });
    this.#surroundings = new KeptSurroundings({ clock, journal, ipvs, firewall, retryMs: RECONCILE_MS });
    const notes = new CheckNotes(journal, () => this.prober.plan);
    // Who has just become MASTER asks at once.
    const spread = (): number => (this.#isUrgent ? 0 : random());
    this.prober = new Prober({
      ...{ clock, random: spread },
      probeOf: (spec) => (spec.path === undefined ? probeOf(spec) : inPathProbe(spec, this.#paths, probeOf)),
      damps: ({ key }) => !this.prober.plan.users.get(key)?.some(({ service }) => this.policies.isDesperate(service)),
      onVerdict: (...news) => {
        this.because(notes.verdict(...news));
        options.onVerdict();
      },
      onWeight: (...news) => {
        const cause = notes.weight(...news);
        if (cause !== null) this.because(cause);
      },
    });
    const { overrides, policy } = options;
    this.policies = new Policies({ ...policy, clock, prober: this.prober, overrides: () => overrides.all });
  }

  /** Takes over what the kernel has, then goes on comparing until {@link stop}. */
  async start(stored: StoredConfig | null): Promise<void> {
    await this.#turns.take(async () => {
      if (stored?.config.ipvs.onStart === 'flush') await this.#table.flush();
      this.#stored = stored;
      await this.#settle('the agent has started');
    });
    this.#tick();
  }

  /** Puts a configuration in force. @returns what the kernel refused, one sentence each */
  configure(stored: StoredConfig | null): Promise<readonly string[]> {
    return this.#turns.take(() => {
      this.#adopt(stored);
      return this.#settle('the configuration has changed');
    });
  }

  /** What the VRRP process says of its instances: some services are served by the MASTER alone. */
  follow(roles: readonly Role[]): void {
    this.#roles = roles;
    if (this.#stored === null || this.#isStopped) return;
    const waiting = this.#waitingNow(this.#stored);
    if (waiting.size === this.#waiting.size && [...waiting].every((name) => this.#waiting.has(name))) return;
    // Reports go on coming while one comparison lasts; the last of them counts.
    if (this.#follows) return;
    this.#follows = true;
    this.#turns.take(() => this.#followNow()).catch((error: Error) => this.#noteFailure(error));
  }

  async #followNow(): Promise<void> {
    this.#follows = false;
    if (this.#isStopped) return;
    this.#isUrgent = true;
    try {
      this.#adopt(this.#stored);
    } finally {
      this.#isUrgent = false;
    }
    await this.#settle('this director has another role');
  }

  /** Names of services. */
  get waiting(): readonly string[] {
    return [...this.#waiting];
  }

  #waitingNow({ config, self }: StoredConfig): ReadonlySet<string> {
    return standingBy(config, self, this.#roles, this.#table.view.entries);
  }

  /** The configuration without the services that wait. */
  #served({ config }: StoredConfig): Config {
    return { ...config, services: config.services.filter(({ name }) => !this.#waiting.has(name)) };
  }

  /** Compares soon, because of something that has happened. */
  because(cause: string): void {
    if (this.#isStopped) return;
    this.#causes.push(cause);
    // Many causes in one turn of the loop make one comparison: the others would find nothing left to do.
    if (this.#causes.length === 1) this.#compare().catch(() => {});
  }

  /** Compares because of something that has happened, and waits for it. */
  async apply(cause: string): Promise<void> {
    this.#causes.push(cause);
    await this.#compare();
  }

  /** The same, and the marks at once, too. */
  async applyWithMarks(cause: string): Promise<void> {
    this.#surroundings.hurry();
    await this.apply(cause);
  }

  get view(): TableView {
    const { view } = this.#table;
    return { ...view, errors: [...view.errors, ...this.#surroundings.errors] };
  }

  get desired(): DesiredService[] {
    if (this.#stored === null) return [];
    const { clock, overrides, relays } = this.#options;
    const nowMs = clock.now();
    const services = desiredTable(this.#served(this.#stored), {
      judge: (service, realserver) => {
        const { sinceMs, ...judged } = this.prober.judge(this.policies.probesOf(service, realserver));
        return { ...judged, forMs: nowMs - sinceMs };
      },
      policy: (service) => this.policies.policyOf(service),
      overrides: overrides.all,
      wallMs: clock.wall(),
    });
    return [...services, ...relays().services, ...this.#paths.services];
  }

  /** Why realservers cannot be asked by the way of clients, a sentence each. */
  get unasked(): readonly string[] {
    return this.#paths.problems;
  }

  /** IPVS is programmed, and every check was answered once. */
  get isReady(): boolean {
    return (
      this.#stored !== null && this.#isAdopted && this.view.errors.length === 0 && !this.prober.awaitsFirstVerdicts
    );
  }

  /** @param clears - whether the kernel's table goes, too */
  async stop(clears: boolean): Promise<void> {
    this.#isStopped = true;
    this.#cancelTick();
    this.prober.stop();
    await this.#turns.take(async () => {
      if (clears) await this.#table.clear();
    });
  }

  /** Nothing is asked before it is known what the kernel had at the start: that is what the checks begin with. */
  #adopt(stored: StoredConfig | null, isStart = false): void {
    this.#stored = stored;
    if (!this.#isAdopted) return;
    const { entries } = this.#table.view;
    this.#waiting = stored === null ? new Set() : this.#waitingNow(stored);
    const config = stored && this.#served(stored);
    this.policies.configure(config, entries);
    if (stored === null || config === null) {
      this.#paths.configure(NO_PROBES, null);
      this.prober.configure(NO_PROBES);
      return;
    }
    const plan = probePlan(config, stored.self);
    this.#paths.configure(plan, stored);
    const former = isStart ? null : formerOf(this.prober, this.#options.clock.now());
    this.prober.configure(plan, adopted(config, plan, entries, former));
  }

  /** @returns whether it is known what the kernel had before anything is done to it */
  async #takeOver(): Promise<boolean> {
    if (this.#isAdopted) return true;
    this.#isAdopted = await this.#table.adopt((this.#stored?.config.services.length ?? 0) > 0);
    if (this.#isAdopted) this.#adopt(this.#stored, true);
    return this.#isAdopted;
  }

  async #settle(cause: string): Promise<readonly string[]> {
    this.#causes.push(cause);
    this.#surroundings.hurry();
    await this.#reconcile();
    return this.view.errors;
  }

  async #compare(): Promise<void> {
    try {
      await this.#turns.take(() => this.#reconcile());
    } catch (error) {
      this.#noteFailure(error as Error);
    }
  }

  #noteFailure({ message }: Error): void {
    this.#options.journal.note('error', 'agent', `reconciling failed: ${message}`);
  }

  async #reconcile(): Promise<void> {
    if (this.#isStopped) return;
    const causes = this.#causes.splice(0);
    if (await this.#takeOver()) {
      this.policies.look();
      await this.#table.reconcile(this.desired, causes.length === 0 ? null : causes.slice(0, 3).join('; '));
    }
    if (this.#stored !== null) await this.#surroundings.settle(this.#stored, this.#options.relays().markings);
    this.#options.onCompared();
  }

  #tick(): void {
    const { clock } = this.#options;
    const started = clock.now();
    void this.#compare().then(() => {
      if (this.#isStopped) return;
      // A big table on a small machine is read less often, so that reading never takes more than a quarter of it.
      const pauseMs = Math.max(RECONCILE_MS, 4 * (clock.now() - started));
      this.#cancelTick = clock.setTimer(started + pauseMs, () => this.#tick());
    });
  }
}
