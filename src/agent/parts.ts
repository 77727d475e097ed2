/** What the supervisor is put together from, and which part tells which other of what. */
import { dirname } from 'node:path';
import type { Sysctls } from '../kernel/sysctls.ts';
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
import type { RunScript } from './tracked-scripts.ts';
import { Trackers } from './trackers.ts';
import { VrrpLink } from './vrrp-link.ts';
import { mastersOf, VrrpRequests } from './vrrp-requests.ts';
import { Yielding } from './yielding.ts';

export interface PartsOptions
  extends Pick<BalancingOptions, 'clock' | 'random' | 'ipvs' | 'firewall' | 'journal' | 'probeOf'>,
    Pick<NoticesOptions, 'runProgram'>,
    Pick<StandbyOptions, 'datagrams'> {
  readonly sysctls: Sysctls;
  readonly runScript: RunScript;
  /** config.json; last-good.json stands beside it. */
  readonly configPath: string;
  /** Of overrides.json, removals.json, holds.json, table.json, the key of the exchange and what {@link Notices} keeps. */
  readonly stateFolder: string;
  /** Of what holds for the running kernel only: relays.json, sysctls.json and probe-paths.json. */
  readonly runtimeFolder: string;
  readonly vrrpSocket: string;
}

/** What is for the whole of them to do. */
export interface Whole {
  /** Puts a configuration in force, null: none. @returns what kernel and VRRP process said against it */
  readonly apply: (stored: StoredConfig | null) => Promise<readonly string[]>;
  /** After every comparison with the kernel. */
  readonly onCompared: () => void;
  /** What the VRRP process has to know on a new connection. */
  readonly greeting: () => ToVrrp[];
}

export class Parts {
  readonly inForce: InForce;
  readonly drains: Drains;
  readonly standby: Standby;
  readonly yielding: Yielding;
  readonly protections: Protections;
  readonly balancing: Balancing;
  readonly trackers: Trackers;
  readonly link: VrrpLink;
  /** What people ask of the VRRP process. */
  readonly vrrp: VrrpRequests;
  readonly notices: Notices;
  readonly handOvers: HandOvers;

  constructor(options: PartsOptions, whole: Whole) {
    const { clock, journal, runScript, stateFolder, configPath } = options;
    const wall = (): number => clock.wall();
    const config = () => this.inForce.stored?.config ?? null;
    const send = (message: ToVrrp): boolean => this.link.send(message);
    const overrides = new OverrideStore({ folder: stateFolder, journal, wall });
    this.inForce = new InForce({
      ...{ configPath, journal, apply: whole.apply },
      onConfirmed: (stored) => this.standby.configure(stored),
    });
    this.balancing = new Balancing({
      ...options,
      overrides,
      ownershipPath: `${stateFolder}/table.json`,
      leasesPath: `${options.runtimeFolder}/probe-paths.json`,
      relays: () => this.handOvers.table,
      policy: this.#policy(options),
      onVerdict: () => {
        this.trackers.tell();
        this.notices.judgeSoon();
      },
      onCompared: whole.onCompared,
    });
    const { prober } = this.balancing;
    this.drains = new Drains({
      ...{ store: overrides, journal, wall, config },
      apply: (cause) => this.balancing.apply(cause),
      isSomebodyAway: () => this.standby.exchange.isSomebodyAway,
      onSaid: () => this.standby.exchange.tell(),
    });
    this.yielding = new Yielding({
      ...{ clock, journal, send, stored: () => this.inForce.stored },
      visions: () => this.balancing.policies.visions(),
      seer: (asked) => this.standby.exchange.seer(asked),
      reports: () => this.link.instances,
      onSight: () => this.standby.exchange.tell(),
    });
    this.standby = new Standby({
      ...options,
      ...{ send, said: () => overrides.said },
      learn: (said, from) => this.drains.learn(said, from),
      masters: () => mastersOf(this.link),
      blind: () => this.yielding.blind,
      left: () => this.yielding.left,
      onNews: () => this.protections.judge(),
    });
    this.protections = new Protections({
      paths: { rings: `${stateFolder}/hmac.json`, lastGood: `${dirname(configPath)}/last-good.json` },
      ...{ clock, journal, send },
      has: (director, stored) => this.standby.exchange.has(director, stored),
      reports: () => this.link.instances,
    });
    this.trackers = new Trackers({ clock, journal, runScript, prober, send });
    this.notices = new Notices({ ...options, prober });
    this.link = this.#linkToVrrp(options, whole.greeting);
    this.vrrp = new VrrpRequests(this.link, journal);
    this.handOvers = new HandOvers({
      ...{ journal, wall, config, sysctls: options.sysctls, folder: options.runtimeFolder },
      self: () => this.inForce.stored?.self ?? '',
      entries: () => this.balancing.view.entries,
      apply: (cause) => this.balancing.applyWithMarks(cause),
      instances: () => (this.link.isAlive ? this.link.instances : null),
      send: (message) => void send(message),
    });
  }

  #policy({ journal }: PartsOptions): BalancingOptions['policy'] {
    return {
      toldQuorum: (service) => this.notices.services.toldQuorum(service),
      onNews: ({ level, message, service }) => journal.note(level, 'check', message, { service: service.name }),
      onLook: (...seen) => this.notices.services.look(...seen),
    };
  }

  #linkToVrrp({ clock, journal, vrrpSocket }: PartsOptions, greeting: Whole['greeting']): VrrpLink {
    return new VrrpLink({
      path: vrrpSocket,
      clock,
      greeting,
      onTransition: (transition) => {
        setImmediate(() => this.standby.exchange.tell()); // the report comes right behind it
        this.notices.transition(transition);
        this.handOvers.onTransition(transition.instance, transition.to);
      },
      onFound: (instances) => this.notices.found(instances),
      onRelay: ({ instance, to }) => void this.handOvers.prepare(instance, to),
      onHandOver: (news) => this.handOvers.tell(news),
      onReport: (instances) => {
        this.balancing.follow(instances);
        this.notices.reported(instances);
      },
      onAlive: (alive) => {
        if (alive) journal.note('info', 'vrrp', 'the VRRP process answers');
        else journal.note('error', 'vrrp', 'the VRRP process does not answer');
      },
    });
  }
}
