/**
 * Two directors as models, with the VRRP between them: who speaks, by which program and with which priority, decides who holds the
 * VIP of dr.yaml. Where the addresses were is written down at every change.
 */
import type { Config } from '../../src/config/config.ts';
import { hashedText } from '../../src/desired/agent-config.ts';
import { mixturesFor } from '../../src/desired/mixed.ts';
import type { Ended } from '../../src/playbook/apply.ts';
import { migrate } from '../../src/playbook/migration/migrate.ts';
import { type Migration, planMigration } from '../../src/playbook/migration/plan.ts';
import { raisedFor } from '../../src/playbook/migration/raised.ts';
import { sideOf } from '../../src/playbook/migration/side.ts';
import type { HostRun } from '../../src/playbook/run.ts';
import { unmanagedAmong, viewOf } from '../../src/playbook/view.ts';
import { topology } from '../desired/topology.ts';
import { digest } from '../operations/facts.ts';
import { ModelCluster } from './model-cluster.ts';

const VIP = '10.77.1.100/32 dev eth1';
const NAMES = ['lb1', 'lb2'] as const;
export type Name = (typeof NAMES)[number];

export class MigrationPair {
  readonly cluster = new ModelCluster();
  readonly config: Config;
  /** Who has held the VIP, one after the other; null: nobody. */
  readonly owners: (Name | null)[] = [];
  /** Directors that do not take over, whatever happens. */
  readonly deaf = new Set<Name>();
  #owner: Name | null = null;
  readonly #priority: Record<Name, number> = { lb1: 110, lb2: 100 };
  readonly #preempts: Record<Name, boolean> = { lb1: false, lb2: false };

  constructor(owner: Name = 'lb1', config = topology('dr')) {
    this.config = config;
    for (const name of NAMES) {
      const host = this.cluster.host(name);
      host.addresses.add(`10.77.1.1${name.at(-1)}/24 dev eth1`);
      host.active.add('keepalived.service');
      host.enabled.add('keepalived.service');
      host.role = () => (this.#owner === name ? 'MASTER' : 'BACKUP');
      host.onUnit = (verb, unit) => this.#unit(name, verb, unit);
      host.onConfig = (given) => this.#configured(name, given);
      host.onYield = () => this.#leave(name);
    }
    this.#become(owner);
  }

  get owner(): Name | null {
    return this.#owner;
  }

  speaks(name: Name): string {
    const { active } = this.cluster.host(name);
    const programs = ['keepalived.service', 'lvs-agent.service'].filter((unit) => active.has(unit));
    return programs.join() || 'nobody';
  }

  /** Whether it still has more than its own priority. */
  isRaised(name: Name): boolean {
    return this.#priority[name] === 254;
  }

  async plan(director: Name, back = false, partial = false): Promise<Migration> {
    return (await this.#look(director, back, partial)).migration;
  }

  /** @param cutAfter the connection breaks after so many scripts: lvsctl is killed */
  async migrate(director: Name, back = false, cutAfter = Number.POSITIVE_INFINITY): Promise<Ended | 'cut'> {
    const { migration, hosts, shared, keepalived } = await this.#look(director, back);
    if (migration.done) return 'done';
    if (migration.refusals.length > 0) throw new Error(migration.refusals.join('\n'));
    let left = cutAfter;
    for (const { connection } of hosts) {
      const run = connection.runScript.bind(connection);
      Object.assign(connection, {
        runScript: async (...args: Parameters<typeof run>) => {
          if (left-- <= 0) throw new Error('cut');
          return run(...args);
        },
      });
    }
    const host = hosts.find(({ target }) => target.wanted.host === director)!;
    const run = { hosts, shared, absent: [], emit: () => {}, stopping: () => false };
    const others = hosts.filter((one) => one !== host);
    const ended = await migrate({ config: this.config, keepalived, migration, run, host, others, waitMs: 0 });
    return left <= 0 ? 'cut' : ended;
  }

  async #look(director: Name, back: boolean, partial = false) {
    const { hosts: all, shared: before } = await this.cluster.runs(this.config);
    const runs: HostRun[] = all.filter(({ target }) => target.wanted.director !== null);
    const read = runs.map(({ target, connection, facts }) => ({ target, connection, facts }));
    const keepalived = unmanagedAmong(this.config, read);
    const after = keepalived.filter((name) => name !== director);
    const { digest: hashOf, releases } = before;
    const nowSeconds = this.cluster.seconds;
    const { readings, shared } = viewOf(this.config, back ? [...after, director] : after, read, {
      ...{ digest: hashOf, releases, nowSeconds },
    });
    const hosts = runs.map((one, index) => ({ ...one, target: readings[index]!.target }));
    const isOf = (config: Config, name: string, hash: string): boolean =>
      [config, raisedFor(config, name)].some((one) => digest(hashedText(one)) === hash);
    const migration = planMigration({
      ...{ config: this.config, director, back, partial, unread: [], configHash: shared.configHash },
      sides: hosts.map(({ target, facts }) => sideOf(this.config, target.wanted.host, facts)),
      isOnTheWay: (name, hash) => mixturesFor(this.config, name).some((one) => isOf(one, name, hash)),
    });
    return { migration, hosts, shared, keepalived };
  }

  #unit(name: Name, verb: string, unit: string): void {
    if (unit !== 'keepalived.service' && unit !== 'lvs-agent.service') return;
    if (this.speaks(name) === 'nobody') this.#leave(name);
    else if (verb === 'start') this.#join(name);
  }

  #configured(name: Name, { instances }: Config): void {
    const [instance] = instances;
    this.#priority[name] = instance?.speakers.find(({ director }) => director === name)?.priority ?? 0;
    this.#preempts[name] = instance?.preempt ?? false;
    this.#join(name);
  }

  #join(name: Name): void {
    if (this.deaf.has(name)) return;
    if (this.#owner === null) this.#become(name);
    else if (this.#preempts[name] && this.#priority[name] > this.#priority[this.#owner]) this.#become(name);
  }

  #leave(name: Name): void {
    if (this.#owner !== name) return;
    const other = NAMES.find((one) => one !== name && this.speaks(one) !== 'nobody' && !this.deaf.has(one));
    if (other !== undefined) this.#become(other);
    else if (this.speaks(name) === 'nobody') this.#become(null);
  }

  #become(owner: Name | null): void {
    if (owner === this.#owner && this.owners.length > 0) return;
    this.#owner = owner;
    this.owners.push(owner);
    for (const name of NAMES) {
      const host = this.cluster.host(name);
      if (name === owner) host.addresses.add(VIP);
      else host.addresses.delete(VIP);
      for (const instance of host.state?.vrrp.instances ?? []) instance.state = name === owner ? 'MASTER' : 'BACKUP';
    }
  }
}
