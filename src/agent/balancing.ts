/**
 * Verdicts and overrides give the table that the kernel shall have; once a second, and at every change, what the kernel has is
 * compared with it. Probes run here, the pure rules are in src/health and src/balancer.
 */
import { type DesiredService, desiredTable } from '../balancer/desired.ts';
import { isReservedMark, type RelayTable } from '../balancer/relay.ts';
import { keysOf, type Role, standingBy } from '../balancer/standing-by.ts';
import type { Config } from '../config/config.ts';
import { dampedRise } from '../health/damping.ts';
import { describeProbe, NO_PROBES, type ProbeSpec, probePlan } from '../health/probe-plan.ts';
import type { Standing, Verdict } from '../health/verdict.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Firewall } from '../kernel/firewall.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { Probe } from '../probes/probe.ts';
import { adopted } from './adoption.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import type { OverrideStore } from './override-store.ts';
import { Policies, type PoliciesOptions } from './policies.ts';
import { Prober } from './prober.ts';
import { Surroundings } from './surroundings.ts';
import { TableKeeper, type TableView } from './table-keeper.ts';
import { Turns } from './turns.ts';

/** How often the kernel's table is compared, at the least. */
const RECONCILE_MS = 1_000;
/** What changes rarely, and costs the start of a program to read. */
const SURROUNDINGS_MS = 10_000;

export interface BalancingOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly ipvs: Ipvs;
  readonly firewall: Firewall;
  readonly journal: Journal;
  readonly probeOf: (spec: ProbeSpec) => Probe;
  readonly overrides: OverrideStore;
  readonly ownershipPath: string;
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
  readonly #surroundings: Surroundings;
  readonly #turns = new Turns();
  #stored: StoredConfig | null = null;
  /** Of this director's instances; null: not known yet. */
  #roles: readonly Role[] | null = null;
  /** Services that are left alone here while another director is MASTER. */
  #waiting: ReadonlySet<string> = new Set();
  #isUrgent = false;
  #surroundingErrors: readonly string[] = [];
  #surroundingsDueMs = 0;
  #causes: string[] = [];
  #cancelTick: () => void = () => {};
  #isStopped = false;

  constructor(options: BalancingOptions) {
    const { clock, random, ipvs, firewall, journal, probeOf, ownershipPath } = options;
    this.#options = options;
    this.#table = new TableKeeper({
      ...{ ipvs, journal, ownershipPath },
      wall: () => clock.wall(),
      withdrawn: () =>
        new Set(keysOf(this.#stored?.config.services.filter(({ name }) => this.#waiting.has(name)) ?? [])),
      isOurs: (id) => id.kind === 'mark' && this.#stored !== null && isReservedMark(this.#stored.config, id.mark),
    });
    this.#surroundings = new Surroundings(ipvs, firewall);
    // Who has just become MASTER asks at once.
    const spread = (): number => (this.#isUrgent ? 0 : random());
    this.prober = new Prober({
      ...{ clock, random: spread, probeOf },
      onVerdict: (...news) => this.#onVerdict(...news),
      onWeight: (...news) => this.#onWeight(...news),
    });
    const { overrides, policy } = options;
    this.policies = new Policies({ ...policy, clock, prober: this.prober, overrides: () => overrides.all });
  }

  /** Takes over what the kernel has, then goes on comparing until {@link stop}. */
  async start(stored: StoredConfig | null): Promise<void> {
    await this.#turns.take(async () => {
      if (stored?.config.ipvs.onStart === 'flush') await this.#table.flush();
      await this.#table.adopt();
      this.#adopt(stored, 'start');
      await this.#settle('the agent has started');
    });
    this.#tick();
  }

  /** Puts a configuration in force. @returns what the kernel refused, one sentence each */
  configure(stored: StoredConfig | null): Promise<readonly string[]> {
    return this.#turns.take(() => {
      this.#adopt(stored, 'change');
      return this.#settle('the configuration has changed');
    });
  }

  /** What the VRRP process says of its instances: some services are served by the MASTER alone. */
  follow(roles: readonly Role[]): void {
    this.#roles = roles;
    if (this.#stored === null || this.#isStopped) return;
    const waiting = this.#waitingNow(this.#stored);
    if (waiting.size === this.#waiting.size && [...waiting].every((name) => this.#waiting.has(name))) return;
    void this.#turns.take(async () => {
      if (this.#isStopped) return;
      this.#isUrgent = true;
      this.#adopt(this.#stored, 'change');
      this.#isUrgent = false;
      await this.#settle('this director has another role');
    });
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
    this.#surroundingsDueMs = 0;
    await this.apply(cause);
  }

  get view(): TableView {
    const { view } = this.#table;
    return { ...view, errors: [...view.errors, ...this.#surroundingErrors] };
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
    return [...services, ...relays().services];
  }

  /** IPVS is programmed, and every check was answered once. */
  get isReady(): boolean {
    return this.#stored !== null && this.view.errors.length === 0 && !this.prober.awaitsFirstVerdicts;
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

  #adopt(stored: StoredConfig | null, moment: 'start' | 'change'): void {
    this.#stored = stored;
    const { entries } = this.#table.view;
    this.#waiting = stored === null ? new Set() : this.#waitingNow(stored);
    const config = stored && this.#served(stored);
    this.policies.configure(config, entries);
    if (stored === null || config === null) {
      this.prober.configure(NO_PROBES);
      return;
    }
    const plan = probePlan(config, stored.self);
    this.prober.configure(plan, adopted(config, plan, entries, moment));
  }

  async #settle(cause: string): Promise<readonly string[]> {
    this.#causes.push(cause);
    this.#surroundingsDueMs = 0;
    await this.#reconcile();
    return this.view.errors;
  }

  async #compare(): Promise<void> {
    try {
      await this.#turns.take(() => this.#reconcile());
    } catch (error) {
      this.#options.journal.note('error', 'agent', `reconciling failed: ${(error as Error).message}`);
    }
  }

  async #reconcile(): Promise<void> {
    if (this.#isStopped) return;
    const causes = this.#causes.splice(0);
    this.policies.look();
    await this.#table.reconcile(this.desired, causes.length === 0 ? null : causes.slice(0, 3).join('; '));
    await this.#settleSurroundings();
    this.#options.onCompared();
  }

  async #settleSurroundings(): Promise<void> {
    const { clock, journal, relays } = this.#options;
    if (this.#stored === null || clock.now() < this.#surroundingsDueMs) return;
    const { config, self } = this.#stored;
    const errors = await this.#surroundings.settle(config, self, relays().markings);
    for (const error of errors) if (!this.#surroundingErrors.includes(error)) journal.note('error', 'ipvs', error);
    this.#surroundingErrors = errors;
    // What failed is tried again soon: a module or an interface may be on its way.
    this.#surroundingsDueMs = clock.now() + (errors.length === 0 ? SURROUNDINGS_MS : RECONCILE_MS);
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

  #onVerdict(spec: ProbeSpec, { verdict, lastError, falls }: Standing, before: Verdict): void {
    const { realserver, service } = this.#usersOf(spec);
    const isDown = verdict === 'down';
    const outcome = isDown ? `failed: ${lastError}` : 'passed';
    const rise = dampedRise(spec.timing, falls);
    const flaps = isDown && falls > 1 ? `; it flaps, and is back after ${rise} successes in a row` : '';
    const message = `${realserver} is ${verdict} for ${service}: check ${describeProbe(spec)} ${outcome}${flaps}`;
    this.#options.journal.note(isDown ? 'warning' : 'notice', 'check', message, { realserver, service, before });
    this.because(`${realserver} is ${verdict}`);
    this.#options.onVerdict();
  }

  #onWeight(spec: ProbeSpec, { verdict, weight }: Standing): void {
    if (verdict !== 'up') return;
    const { realserver, service } = this.#usersOf(spec);
    const wanted = weight === null ? 'its own weight again' : `weight ${weight}`;
    const message = `${realserver} gets ${wanted} for ${service}: check ${describeProbe(spec)}`;
    this.#options.journal.note('info', 'check', message, { realserver, service });
    this.because(`${realserver} gets ${wanted}`);
  }

  /** Whom a probe judges, as words. */
  #usersOf({ key }: ProbeSpec): { readonly realserver: string; readonly service: string } {
    const users = this.prober.plan.users.get(key) ?? [];
    return {
      realserver: [...new Set(users.map((one) => one.realserver))].join(','),
      service: [...new Set(users.map((one) => one.service))].join(','),
    };
  }
}
