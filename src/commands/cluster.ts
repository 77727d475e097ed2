/** What plan, apply and status share: from options to hosts, their connections, and a reading of them. */
import { createHash } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { wantedHosts } from '../desired/hosts.ts';
import type { ReleaseNames } from '../operations/release.ts';
import { askSecret, canAsk } from '../output/ask.ts';
import { Failure } from '../output/failure.ts';
import { createOutput } from '../output/output.ts';
import { closeAll, factsOf, type Reading, readHosts, readSteps, type Target } from '../playbook/cluster.ts';
import { contextFor, type Shared } from '../playbook/plan.ts';
import { buildRelease, ReleaseMissingError } from '../playbook/release.ts';
import { unmanagedAmong, type View, viewOf } from '../playbook/view.ts';
import type { Connect } from '../ssh/connection.ts';
import { hostConnections } from './hosts.ts';
import { withSecrets } from './secrets.ts';
import { readTopology, type TopologyOptions } from './topology.ts';

export interface ClusterOptions extends TopologyOptions {
  readonly inventory?: string | undefined;
  readonly limit?: string | undefined;
}

export interface Cluster {
  readonly config: Config;
  /** All hosts that the limit leaves. */
  readonly targets: readonly Target[];
  readonly connect: Connect;
}

export type ReadCluster = View;

/** @throws Failure 5 for what is wrong with topology, inventory, secrets or limit. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const config = await withSecrets(await readTopology(options));
  const connections = await hostConnections(config, options);
  const { createConnect } = await import('../ssh/connect.ts');
  const wanted = limited(wantedHosts(config), options.limit);
  const targets = wanted.flatMap((one) => {
    const connection = connections.get(one.host);
    return connection === undefined ? [] : [{ wanted: one, connection }];
  });
  const asks = canAsk(createOutput(options));
  const connect = createConnect(asks ? { askPassphrase: (file) => askSecret(`Passphrase for ${file}: `) } : {});
  return { config, targets, connect };
}

/** One look at all hosts, in parallel. */
export async function readCluster({ config, targets, connect }: Cluster, signal?: AbortSignal): Promise<ReadCluster> {
  // Hashed while the hosts answer.
  const hashing = Promise.all([releaseFor('x64'), releaseFor('arm64')]);
  const own = hashing.then(([x64, arm64]) => (process.arch === 'arm64' ? arm64 : x64));
  const release = own.then((one) => ('hash' in one ? one.hash : null));
  release.catch(() => undefined);
  const read = await readHosts(targets, { connect, ...(signal ? { signal } : {}), release });
  const [x64, arm64] = await hashing.catch(async (error: unknown) => {
    await closeAll(read);
    throw error;
  });
  const releases = { x64, arm64 };
  const nowSeconds = Math.floor(Date.now() / 1000);
  return viewOf(config, unmanagedAmong(config, read), read, { digest, releases, nowSeconds });
}

type Present = Extract<Reading, { readonly facts: unknown }>;

/** The same hosts again, now that the lock is held: what was read before may have changed while nobody held it. */
export async function reread(readings: readonly Present[], shared: Shared): Promise<Present[]> {
  return Promise.all(
    readings.map(async (reading) => {
      const steps = readSteps(reading.target.wanted, contextFor(reading.facts, shared).release);
      return { ...reading, facts: factsOf(reading.target, await reading.connection.runScript(steps)) };
    }),
  );
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function releaseFor(architecture: 'x64' | 'arm64'): Promise<ReleaseNames | { problem: string }> {
  try {
    const { hash, node, vrrpParts } = await buildRelease(architecture);
    return { hash, node, vrrpParts };
  } catch (error) {
    if (error instanceof ReleaseMissingError) return { problem: error.message };
    throw error;
  }
}

function limited<Host extends { readonly host: string }>(hosts: readonly Host[], limit: string | undefined): Host[] {
  if (limit === undefined) return [...hosts];
  const names = limit.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !hosts.some(({ host }) => host === name));
  if (unknown.length > 0) {
    const known = hosts.map(({ host }) => host).join(', ');
    throw new Failure(5, `--limit names ${unknown.join(', ')}, which the topology does not have`, [`it has ${known}`]);
  }
  return hosts.filter(({ host }) => names.includes(host));
}
