/** Changes that a director which has not made them yet would not understand: held on every BACKUP until all have made them. */
import { describe, expect, it, vi } from 'vitest';
import { planText } from '../../src/commands/plan-text.ts';
import type { Config } from '../../src/config/config.ts';
import type { InstanceConfig } from '../../src/config/instance.ts';
import { styleFor } from '../../src/output/style.ts';
import { pinsFor } from '../../src/playbook/pins.ts';
import { planHosts } from '../../src/playbook/plan.ts';
import { topology } from '../desired/topology.ts';
import { ModelCluster } from './model-cluster.ts';

// Building a release needs what `npm run build` makes.
vi.mock(import('../../src/playbook/release.ts'), async (original) => ({
  ...(await original()),
  buildRelease: async () =>
    ({ architecture: 'x64', hash: 'bb', node: '22', vrrpParts: 'b0', manifest: '', files: [] }) as const,
  packRelease: async () => ({ path: '/dev/null', size: 0 }),
}));

const changed = (change: Partial<InstanceConfig>, name: 'dr' | 'dual-master' = 'dr'): Config => ({
  ...topology(name),
  instances: topology(name).instances.map((one) => ({ ...one, ...change })),
});
const multicast = changed({ transport: 'multicast' });

/** lb1 is MASTER of everything, lb2 BACKUP. */
async function running(name: 'dr' | 'dual-master' = 'dr'): Promise<ModelCluster> {
  const cluster = new ModelCluster();
  cluster.host('lb2').role = () => 'BACKUP';
  await cluster.apply(topology(name));
  cluster.log.length = 0;
  return cluster;
}

const ofDirectors = (cluster: ModelCluster): string[] =>
  cluster.log.filter((line) => /^lb.: (agent|\/v1)/.test(line) && !line.endsWith(': agent'));
const held = (cluster: ModelCluster) =>
  ['lb1', 'lb2'].map((name) => cluster.host(name).holds.map((one) => one.instance));

describe('a plan', () => {
  it('marks what rolls through a pinned BACKUP', async () => {
    const cluster = await running();
    const { hosts, shared } = await cluster.runs(multicast);
    const plans = planHosts(
      hosts.map(({ target, connection, facts }) => ({ target, connection, facts })),
      shared,
    );
    expect(planText(plans, styleFor(false), false)).toContain(
      '  ! VRRP public: transport unicast → multicast  (rolls through a pinned BACKUP)\n',
    );
    expect(plans.flatMap(({ problems }) => problems.filter((one) => one.includes('leave out')))).toEqual([]);
  });

  it('marks nothing where directors understand each other, or a virtual router is a new one', async () => {
    const cluster = await running();
    for (const config of [changed({ advertIntervalMs: 500 }), topology('tun'), topology('dual-master')]) {
      expect((await cluster.runs(config)).shared.pins).toEqual([]);
    }
    expect((await new ModelCluster().runs(topology('dr'))).shared.pins).toEqual([]);
  });

  it('has a problem where a director is left out that has to change with the others', async () => {
    const cluster = await running();
    const { hosts, shared } = await cluster.runs(multicast);
    const readings = hosts
      .filter(({ target }) => target.wanted.host !== 'lb1')
      .map(({ target, connection, facts }) => ({ target, connection, facts }));
    const pins = pinsFor(readings);
    expect(pins).toEqual([
      { instance: 'public', why: ['transport unicast → multicast'], leftOut: ['lb1'], unmanaged: [] },
    ]);
    const [plan] = planHosts(readings, { ...shared, pins });
    expect(plan?.problems).toContainEqual(
      expect.stringMatching(/^VRRP public changes so that .* do not leave out lb1\.$/),
    );
  });

  it('goes by the addresses, whatever the instance is called', async () => {
    const cluster = await running();
    const renamed = changed({ name: 'front', vrid: 77 });
    expect((await cluster.runs(renamed)).shared.pins).toMatchObject([{ instance: 'front', why: ['VRID 51 → 77'] }]);
  });

  it('sees what an agent of an earlier release tells', async () => {
    const cluster = await running();
    for (const name of ['lb1', 'lb2']) {
      const { state } = cluster.host(name);
      const instances = state!.vrrp.instances.map(({ speech: _, ...rest }) => rest);
      cluster.host(name).state = { ...state!, vrrp: { ...state!.vrrp, instances } };
    }
    expect((await cluster.runs(multicast)).shared.pins).toEqual([]);
    expect((await cluster.runs(changed({ vrid: 77 }))).shared.pins).toMatchObject([{ why: ['VRID 51 → 77'] }]);
  });
});

describe('an apply', () => {
  it('holds the BACKUP before the first director changes, and lets go after the last', async () => {
    const cluster = await running();
    expect((await cluster.apply(multicast)).ended).toBe('done');
    const order = cluster.log.filter((line) => line.startsWith('lb') && !line.includes('managed'));
    const at = (line: string): number => order.indexOf(line);
    expect(at('lb2: /v1/hold public')).toBeGreaterThanOrEqual(0);
    expect(at('lb2: /v1/hold public')).toBeLessThan(order.indexOf('lb1: agent'));
    expect(at('lb2: /v1/release lvsctl apply')).toBeGreaterThan(order.lastIndexOf('lb1: agent'));
    expect(order.some((line) => line.startsWith('lb1: /v1/hold'))).toBe(false);
    expect([held(cluster), await cluster.left(multicast)]).toEqual([[[], []], []]);
  });

  it('holds each instance where it is not MASTER', async () => {
    const cluster = new ModelCluster();
    const [blue, green] = topology('dual-master').instances.map(({ name }) => name);
    cluster.host('lb1').role = (name) => (name === blue ? 'MASTER' : 'BACKUP');
    cluster.host('lb2').role = (name) => (name === green ? 'MASTER' : 'BACKUP');
    await cluster.apply(topology('dual-master'));
    cluster.log.length = 0;
    expect((await cluster.apply(changed({ transport: 'multicast' }, 'dual-master'))).ended).toBe('done');
    expect(ofDirectors(cluster)).toEqual([
      `lb1: /v1/hold ${green}`,
      `lb2: /v1/hold ${blue}`,
      'lb1: /v1/release lvsctl apply',
      'lb2: /v1/release lvsctl apply',
    ]);
  });

  it('leaves the other held where the MASTER fails to change; the next one goes on and lets go', async () => {
    const cluster = await running();
    cluster.host('lb1').failing = 'agent';
    expect((await cluster.apply(multicast)).ended).toBe('failed');
    expect(held(cluster)).toEqual([[], ['public']]);
    cluster.host('lb1').failing = null;
    expect((await cluster.apply(multicast)).ended).toBe('done');
    expect([held(cluster), await cluster.left(multicast)]).toEqual([[[], []], []]);
  });

  it('lets go of what an earlier one left held when nothing else is to change, and plans so', async () => {
    const cluster = await running();
    await cluster.apply(multicast);
    cluster.host('lb2').holds = [{ instance: 'public', owner: 'lvsctl apply', reason: null, since: 1, until: 2 }];
    cluster.host('lb2').state!.holds = cluster.host('lb2').holds;
    expect(await cluster.left(multicast)).toEqual(['lb2: hold of public']);
    expect((await cluster.apply(multicast)).ended).toBe('done');
    expect(held(cluster)).toEqual([[], []]);
  });

  it('leaves alone what an operator holds', async () => {
    const cluster = await running();
    const own = { instance: 'public', owner: 'ann', reason: null, since: 1, until: 2 };
    cluster.host('lb2').holds = [own];
    cluster.host('lb2').state!.holds = [own];
    expect((await cluster.apply(multicast)).ended).toBe('done');
    expect(cluster.host('lb2').holds).toEqual([own]);
  });

  it('changes no director when one cannot be held: its agent is of an earlier release, or does not answer', async () => {
    const old = await running();
    const { holds: _, ...state } = old.host('lb2').state!;
    old.host('lb2').state = state;
    const { ended, hosts } = await old.apply(multicast);
    expect(ended).toBe('failed');
    expect(hosts.flatMap(({ failure }) => failure?.message ?? [])).toEqual([
      'lb2: its agent is of a release that cannot hold an instance.',
    ]);
    expect(old.log.filter((line) => /^lb.: (?!managed)/.test(line) && line.includes('agent'))).toEqual([]);
  });

  it('holds a director that joins before its agent runs for the first time', async () => {
    const cluster = new ModelCluster();
    const both = topology('dr');
    const alone = {
      ...both,
      directors: both.directors.slice(0, 1),
      instances: both.instances.map((one) => ({ ...one, speakers: one.speakers.slice(0, 1) })),
    };
    await cluster.apply(alone);
    cluster.host('lb2').role = () => 'BACKUP';
    cluster.log.length = 0;
    expect((await cluster.apply(both)).ended).toBe('done');
    expect(cluster.log.indexOf('lb2: holds')).toBeGreaterThanOrEqual(0);
    expect(cluster.log.indexOf('lb2: holds')).toBeLessThan(cluster.log.indexOf('lb2: agent'));
    expect(cluster.log.at(-1)).toBe('lb2: /v1/release lvsctl apply');
    expect(held(cluster)).toEqual([[], []]);
  });
});
