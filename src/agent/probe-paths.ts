/**
 * The ways of in-path probes (`via: vip`) through this director's IPVS: a mark a realserver, and at each listener source ports
 * that no other realserver's probes have. The kernel keeps what a probe leaves in its connection table by addresses and ports,
 * never by mark (net/netfilter/ipvs/ip_vs_conn.c, ip_vs_conn_in_get): a SYN that nobody answered for a minute, UDP for five. A
 * probe from the same port that found such an entry of another realserver would go there, and blame the wrong one. So ports and
 * marks are lent for as long as this kernel runs, and what was lent is on disk, for an agent that starts anew.
 */

import type { DesiredService } from '../balancer/desired.ts';
import { inPathId, inPathService, isWhole, probeMark } from '../balancer/in-path.ts';
import { type Leases, leased } from '../balancer/leases.ts';
import {
  PATHS_A_LISTENER,
  PORTS_A_PATH,
  PROBE_PORTS,
  type ProbePath,
  pathKey,
  probeMarkCount,
  probeSource,
} from '../config/in-path.ts';
import type { ProbePlan, ProbeSpec } from '../health/probe-plan.ts';
import type { Unasked } from '../health/verdict.ts';
import type { Ipvs } from '../kernel/ipvs.ts';
import type { Passage, Passages } from '../probes/in-path.ts';
import type { StoredConfig } from './config-shape.ts';
import type { Journal } from './journal.ts';
import { readJson, writeJson } from './json-file.ts';
import { leasesShape, type StoredLeases } from './leases-shape.ts';
import { accept } from './shape.ts';

export interface ProbePathsOptions {
  readonly ipvs: Pick<Ipvs, 'destinations'>;
  readonly journal: Journal;
  readonly wall: () => number;
  /** Of what holds for the running kernel only. */
  readonly leasesPath: string;
  /**
   * Instances that this director has handed over and still serves: it has their VIPs on the loopback, and a strict reverse-path
   * filter takes no answers in their name by another interface.
   */
  readonly lameDucks: () => readonly string[];
  /** A number that changes whenever we have changed a service on a reserved mark. */
  readonly changes: () => number;
}

interface Way {
  readonly path: ProbePath;
  readonly mark: number;
}

/** From so many in a row on it is told. */
const TOLD_FAILURES = 3;

export class ProbePaths implements Passages {
  readonly #options: ProbePathsOptions;
  /** By {@link pathKey}. */
  readonly #ways = new Map<string, Way>();
  /** Ports in use, by listener and port; and which of its ports a path had last, by {@link #portName}. */
  readonly #busy = new Set<string>();
  readonly #turn = new Map<string, number>();
  readonly #failures = new Map<string, { readonly count: number; readonly why: string }>();
  #leases: StoredLeases;
  #stored: StoredConfig | null = null;

  constructor(options: ProbePathsOptions) {
    this.#options = options;
    this.#leases = readLeases(options);
  }

  /** Lends to the probes of a plan what they need; the probes of another are over. */
  configure(plan: ProbePlan, stored: StoredConfig | null): void {
    this.#stored = stored;
    const specs = [...plan.probes.values()];
    const paths = new Map(specs.flatMap(({ path }) => (path === undefined ? [] : [[pathKey(path), path] as const])));
    const marks = this.#marksFor([...paths.keys()]);
    this.#ways.clear();
    for (const [key, path] of paths) {
      const lease = marks[key];
      const mark = stored === null || lease === undefined ? undefined : probeMark(stored.config, lease.number);
      if (mark !== undefined) this.#ways.set(key, { path, mark });
    }
    this.#keep({ marks, ports: this.#portsFor(specs) });
    for (const key of this.#failures.keys()) if (!plan.probes.has(key)) this.#failures.delete(key);
  }

  /** What the kernel's table needs for them. */
  get services(): DesiredService[] {
    return [...this.#ways.values()].map(({ path, mark }) => inPathService(path, mark));
  }

  /** Realservers that have not been asked for a while for a reason of this director's own, a sentence each. */
  get problems(): readonly string[] {
    const told = [...this.#failures.values()].filter(({ count }) => count >= TOLD_FAILURES);
    return [...new Set(told.map(({ why }) => `a check via: vip cannot be made: ${why}`))];
  }

  async take(spec: ProbeSpec): Promise<Passage | Unasked> {
    if (this.#isHandedOver(spec)) return { unasked: 'this director has handed over' };
    const { path } = spec;
    const way = path === undefined ? undefined : this.#ways.get(pathKey(path));
    const own = this.#stored?.config.directors.find(({ name }) => name === this.#stored?.self);
    const source = way === undefined || own === undefined ? undefined : probeSource(own, way.path);
    if (way === undefined || source === undefined) {
      const lacks = way === undefined ? 'no mark of ipvs.probe_marks' : 'no address of its own to ask from';
      return this.#failed(spec, `${describe(spec)}: this director has ${lacks}`);
    }
    const changes = this.#options.changes();
    const broken = await this.#doubt(spec, way, changes, false);
    if (broken !== null) return this.#failed(spec, broken);
    const port = this.#takePort(spec);
    if (port === undefined) return this.#failed(spec, `${describe(spec)}: each of its source ports is in use`);
    return {
      mark: way.mark,
      from: { address: source.address, port },
      end: async (unsent) => {
        this.#busy.delete(busyKey(spec, port));
        const doubt = unsent ?? (await this.#doubt(spec, way, changes, true));
        if (doubt === null) this.#succeeded(spec);
        else this.#failed(spec, doubt);
        return doubt;
      },
    };
  }

  #isHandedOver({ address }: ProbeSpec): boolean {
    const lame = this.#options.lameDucks();
    if (lame.length === 0) return false;
    const instances = this.#stored?.config.instances.filter(({ name }) => lame.includes(name)) ?? [];
    return instances.some(({ vips, extraVips }) => [...vips, ...extraVips].some((vip) => vip.address === address));
  }

  /** @param isOver - there has been a probe, and the kernel has an entry of it for ten seconds at least */
  async #doubt(spec: ProbeSpec, { path, mark }: Way, changes: number, isOver: boolean): Promise<string | null> {
    try {
      const found = await this.#options.ipvs.destinations(inPathId(path, mark));
      if (!isWhole(path, found)) return `${describe(spec)}: IPVS has no service on mark ${mark} that leads there`;
      if (this.#options.changes() !== changes) return `${describe(spec)}: IPVS was changed meanwhile`;
      if (isOver && found.every(({ active, inactive }) => active + inactive === 0)) {
        return `${describe(spec)}: what was sent did not come to IPVS with mark ${mark}; a rule of the firewall may change marks of what this director sends`;
      }
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** In turn, so that one is not used again before its connection is forgotten everywhere. */
  #takePort(spec: ProbeSpec): number | undefined {
    const name = this.#portName(spec);
    const lease = this.#leases.ports[listenerKey(spec)]?.[name];
    if (lease === undefined) return undefined;
    const last = this.#turn.get(name) ?? 0;
    for (let step = 1; step <= PORTS_A_PATH; step++) {
      const index = (last + step) % PORTS_A_PATH;
      const port = PROBE_PORTS.first + lease.number * PORTS_A_PATH + index;
      if (this.#busy.has(busyKey(spec, port))) continue;
      this.#turn.set(name, index);
      this.#busy.add(busyKey(spec, port));
      return port;
    }
    return undefined;
  }

  #marksFor(paths: readonly string[]): Leases {
    const count = this.#stored === null ? 0 : probeMarkCount(this.#stored.config);
    return count === 0 ? this.#leases.marks : leased(this.#leases.marks, paths, count, this.#options.wall());
  }

  #portsFor(specs: readonly ProbeSpec[]): StoredLeases['ports'] {
    const wanted = Map.groupBy(
      specs.filter(({ path }) => path !== undefined),
      listenerKey,
    );
    const listeners = new Set([...Object.keys(this.#leases.ports), ...wanted.keys()]);
    return Object.fromEntries(
      [...listeners].map((listener): [string, Leases] => {
        const names = (wanted.get(listener) ?? []).map((spec) => this.#portName(spec));
        return [listener, leased(this.#leases.ports[listener] ?? {}, names, PATHS_A_LISTENER, this.#options.wall())];
      }),
    );
  }

  /** By mark, too: entries that were made by another lead to a destination that is no more, and what comes to those is dropped. */
  #portName(spec: ProbeSpec): string {
    const key = spec.path === undefined ? '' : pathKey(spec.path);
    return `${this.#ways.get(key)?.mark} ${key} by ${listenerKey(spec)}`;
  }

  #keep(leases: StoredLeases): void {
    if (JSON.stringify(leases) === JSON.stringify(this.#leases)) return;
    this.#leases = leases;
    try {
      writeJson(this.#options.leasesPath, leases);
    } catch (error) {
      this.#note('error', `${this.#options.leasesPath} cannot be written: ${(error as Error).message}`);
    }
  }

  #failed({ key }: ProbeSpec, why: string): Unasked {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.set(key, { count, why });
    if (count === TOLD_FAILURES) this.#note('error', `a check via: vip cannot be made: ${why}`);
    return { unasked: why };
  }

  #succeeded(spec: ProbeSpec): void {
    const { count = 0 } = this.#failures.get(spec.key) ?? {};
    this.#failures.delete(spec.key);
    if (count >= TOLD_FAILURES) this.#note('notice', `${describe(spec)}: checks via: vip can be made again`);
  }

  #note(level: 'error' | 'notice', message: string): void {
    this.#options.journal.note(level, 'check', message);
  }
}

function describe({ address, port, path }: ProbeSpec): string {
  return `${path?.address} for ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function listenerKey({ address, port }: ProbeSpec): string {
  return `${address} ${port}`;
}

function busyKey(spec: ProbeSpec, port: number): string {
  return `${listenerKey(spec)} ${port}`;
}

function readLeases({ leasesPath, journal }: ProbePathsOptions): StoredLeases {
  try {
    return accept(leasesShape, readJson(leasesPath) ?? { marks: {}, ports: {} }, 'leases');
  } catch (error) {
    journal.note('error', 'check', `${leasesPath} is not readable and was passed over: ${(error as Error).message}`);
    return { marks: {}, ports: {} };
  }
}
