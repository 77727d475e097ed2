/**
 * Four models of hosts as a cluster: read, planned and applied as the commands do it. A test that applies mocks `buildRelease`
 * and `packRelease` of src/playbook/release.ts, because building a release needs what `npm run build` makes.
 */
import type { Config } from '../../src/config/config.ts';
import { hashedText } from '../../src/desired/agent-config.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { applyHosts } from '../../src/playbook/apply.ts';
import { factsOf, type Reading, readSteps } from '../../src/playbook/cluster.ts';
import { exchangeKeyFor } from '../../src/playbook/exchange-key.ts';
import { pinsFor } from '../../src/playbook/pins.ts';
import { generationFor, planHosts, type Shared } from '../../src/playbook/plan.ts';
import type { HostRun, Run } from '../../src/playbook/run.ts';
import { digest } from '../operations/facts.ts';
import { ModelHost, targetOf } from './model-host.ts';

const RELEASE_NAMES = { hash: 'bb', node: '22', vrrpParts: 'b0' };

/** Nobody may answer ARP for a VIP that is only here to be silent. */
function silent(host: ModelHost): void {
  const vips = [...host.addresses].filter((one) => / dev (lo|tunl0)$/.test(one));
  if (vips.length > 0 && host.sysctls.get('net.ipv4.conf.all.arp_ignore') !== '1') {
    throw new Error(`${host.name} answers for ${vips.join(', ')}`);
  }
}

/** A run of a host is no reading: it has a failure, if only none. */
function readingOf({ target, connection, facts }: HostRun): Extract<Reading, { facts: unknown }> {
  return { target, connection, facts };
}

function lost(host: ModelHost, config: Config): Reading {
  const wanted = wantedHosts(config).find((one) => one.host === host.name)!;
  const failure = { host: host.name, kind: 'unreachable' as const, message: `${host.name}: no route`, hints: [] };
  return { target: targetOf(host, wanted), failure };
}

export class ModelCluster {
  readonly log: string[] = [];
  /** Since 1970, as applies see it; each later than the one before. */
  seconds = 1_795_000_000;
  readonly hosts = new Map(['lb1', 'lb2', 'web1', 'web2'].map((name) => [name, new ModelHost(name, this.log, silent)]));

  host(name: string): ModelHost {
    return this.hosts.get(name)!;
  }

  async runs(config: Config, absent: readonly string[] = []): Promise<{ hosts: HostRun[]; shared: Shared }> {
    const shared: Shared = {
      digest,
      configHash: digest(hashedText(config)),
      generation: 1,
      exchange: null,
      pins: [],
      firewall: 'check',
      releases: { x64: RELEASE_NAMES, arm64: { problem: 'x' } },
    };
    const present = wantedHosts(config).filter(({ host }) => !absent.includes(host));
    const hosts = present.map(async (wanted): Promise<HostRun> => {
      const model = this.host(wanted.host);
      const [connection, target] = [model.connection(), targetOf(model, wanted)];
      const facts = factsOf(target, await connection.runScript(readSteps(wanted, 'bb')));
      return { target, connection, facts, ok: 0, changed: 0, failure: null, told: '' };
    });
    const read = await Promise.all(hosts);
    const { length } = config.directors;
    const generation = generationFor(read, shared.configHash, length, ++this.seconds);
    const readings = read.map(readingOf);
    const pins = pinsFor([...readings, ...absent.map((name) => lost(this.host(name), config))]);
    return { hosts: read, shared: { ...shared, generation, exchange: exchangeKeyFor(read, length), pins } };
  }

  async apply(config: Config, options: Partial<Pick<Run, 'stopping' | 'emit' | 'absent'>> = {}) {
    const { stopping = () => false, emit = () => {}, absent = [] } = options;
    const { hosts, shared } = await this.runs(config, absent);
    const run: Run = { hosts, absent, shared, emit, stopping };
    return { ended: await applyHosts(run), hosts };
  }

  /** Changes that a plan would show now. */
  async left(config: Config): Promise<string[]> {
    const { hosts, shared } = await this.runs(config);
    return planHosts(hosts.map(readingOf), shared).flatMap(({ host, changes }) =>
      changes.map(({ what }) => `${host}: ${what}`),
    );
  }
}
