/** How the directors of a cluster come to share a key: made once, given to those that lack it, shown to nobody. */
import { describe, expect, it, vi } from 'vitest';
import { keyInFile } from '../../src/config/exchange.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import type { Reading } from '../../src/playbook/cluster.ts';
import { exchangeKeyFor } from '../../src/playbook/exchange-key.ts';
import { topology } from '../desired/topology.ts';
import { digest, freshFacts, runningAgent } from '../operations/facts.ts';
import { ModelCluster } from './model-cluster.ts';

// Building a release needs what `npm run build` makes.
vi.mock(import('../../src/playbook/release.ts'), async (original) => ({
  ...(await original()),
  buildRelease: async () =>
    ({ architecture: 'x64', hash: 'bb', node: '22', vrrpParts: 'b0', manifest: '', files: [] }) as const,
  packRelease: async () => ({ path: '/dev/null', size: 0 }),
}));

const [lb1] = wantedHosts(topology('dr'));
const PATH = '/var/lib/lvs-agent/exchange.key';

function has(key: string | null): Reading {
  const target = { wanted: lb1!, connection: {} as never };
  return { target, connection: {} as never, facts: freshFacts({ agent: runningAgent({ exchangeKey: key }) }) };
}
const lost: Reading = {
  target: { wanted: lb1!, connection: {} as never },
  failure: { host: 'lb2', kind: 'unreachable', message: 'lb2: no route', hints: [] },
};

describe('the key that all directors shall have', () => {
  it.each<[string, readonly Reading[], ReturnType<typeof exchangeKeyFor>]>([
    ['a new one where none has any', [has(null), has(null)], { id: null, file: null }],
    ['the only one', [has(null), has('k1')], { id: 'k1', file: null }],
    ['that of the first of two', [has('k1'), has('k2')], { id: 'k1', file: null }],
    ['that of most', [has('k1'), has('k2'), has('k2')], { id: 'k2', file: null }],
    ['that of the one which can be read', [lost, has('k2')], { id: 'k2', file: null }],
  ])('is %s', (_title, readings, expected) => {
    expect(exchangeKeyFor(readings, readings.length)).toEqual(expected);
  });

  it('is not made while a director cannot be read or is left out: that one may have one', () => {
    expect(exchangeKeyFor([has(null), lost], 2)).toBeNull();
    expect(exchangeKeyFor([has(null)], 2)).toBeNull();
  });
});

describe('an apply', () => {
  const keys = (cluster: ModelCluster) => ['lb1', 'lb2'].map((name) => cluster.host(name).files.get(PATH) ?? '');

  it('makes one key for a fresh cluster, and leaves it alone afterwards', async () => {
    const cluster = new ModelCluster();
    expect((await cluster.apply(topology('dr'))).ended).toBe('done');
    const [one, other] = keys(cluster);
    expect(keyInFile(one!, digest)?.hex).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toBe(one);
    await cluster.apply({ ...topology('dr'), cluster: 'renamed' });
    expect(keys(cluster)).toEqual([one, one]);
    expect(keys(new ModelCluster())).not.toContain(one);
  });

  it('gives it to a director that has lost it, and the first to one that has another', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    const [one] = keys(cluster);
    cluster.host('lb1').files.delete(PATH);
    expect(await cluster.left(topology('dr'))).toEqual(['lb1: exchange key']);
    await cluster.apply(topology('dr'));
    expect(keys(cluster)).toEqual([one, one]);
    const stranger = new ModelCluster();
    await stranger.apply(topology('dr'));
    cluster.host('lb2').files.set(PATH, keys(stranger)[0]!);
    await cluster.apply(topology('dr'));
    expect(keys(cluster)).toEqual([one, one]);
    expect(cluster.host('lb2').files.get(`${PATH}.former`)).toBe(keys(stranger)[0]);
  });

  it('makes another where it was deleted everywhere, and where the only one is damaged', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    const [one] = keys(cluster);
    for (const name of ['lb1', 'lb2']) cluster.host(name).files.delete(PATH);
    await cluster.apply(topology('dr'));
    const [two, other] = keys(cluster);
    expect([two === one, two === other]).toEqual([false, true]);
    cluster.host('lb1').files.set(PATH, two!.slice(0, 40));
    cluster.host('lb2').files.delete(PATH);
    await cluster.apply(topology('dr'));
    expect(await cluster.left(topology('dr'))).toEqual([]);
    expect(keys(cluster).map((text) => keyInFile(text, digest) === undefined)).toEqual([false, false]);
  });

  it('shows no key in what it tells', async () => {
    const cluster = new ModelCluster();
    const told: unknown[] = [];
    const { hosts } = await cluster.apply(topology('dr'), { emit: (event) => told.push(event) });
    const hex = keyInFile(keys(cluster)[0]!, digest)!.hex;
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.stringify([told, cluster.log, hosts.map(({ facts }) => facts)])).not.toContain(hex);
  });
});
