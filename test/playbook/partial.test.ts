/** Applies without a director that is not there. */
import { describe, expect, it, vi } from 'vitest';
import { absentDirectors, isStuck, wantsPartial } from '../../src/playbook/partial.ts';
import type { HostPlan } from '../../src/playbook/plan.ts';
import { topology } from '../desired/topology.ts';
import { ModelCluster } from './model-cluster.ts';

// Building a release needs what `npm run build` makes.
vi.mock(import('../../src/playbook/release.ts'), async (original) => ({
  ...(await original()),
  buildRelease: async () =>
    ({ architecture: 'x64', hash: 'bb', node: '22', vrrpParts: 'b0', manifest: '', files: [] }) as const,
  packRelease: async () => ({ path: '/dev/null', size: 0 }),
}));

type Kind = NonNullable<HostPlan['failure']>['kind'];
const plan = (host: string, kind: Kind | null = null, problems: string[] = []): HostPlan => ({
  host,
  role: host.startsWith('lb') ? 'director' : 'realserver',
  changes: [],
  reasons: {},
  problems,
  warnings: [],
  failure: kind === null ? null : { host, kind, message: `${host}: x`, hints: [] },
});

describe('a run', () => {
  it.each<[string, HostPlan[], without: boolean, withPartial: boolean]>([
    [
      'goes on with all directors, whatever realservers are there',
      [plan('lb1'), plan('web1', 'unreachable')],
      false,
      false,
    ],
    ['goes on without one that is not there only when told to', [plan('lb1'), plan('lb2', 'unreachable')], true, false],
    ['is stuck where one refuses', [plan('lb1'), plan('lb2', 'refused')], true, true],
    ['is stuck where one answers and cannot be read', [plan('lb1'), plan('lb2', 'failed')], true, true],
    ['is stuck where none is there', [plan('lb1', 'unreachable'), plan('web1')], true, true],
    ['is stuck at a problem', [plan('lb1'), plan('lb2', 'unreachable'), plan('web1', null, ['x'])], true, true],
    ['of realservers alone goes on', [plan('web1')], false, false],
  ])('%s', (_title, plans, without, withPartial) => {
    expect([isStuck(plans, false), isStuck(plans, true)]).toEqual([without, withPartial]);
    expect(wantsPartial(plans)).toBe(without && !withPartial);
  });

  it('names who is absent', () => {
    const plans = [plan('lb1', 'unreachable'), plan('lb2', 'refused'), plan('web1', 'unreachable')];
    expect(absentDirectors(plans).map(({ host }) => host)).toEqual(['lb1']);
  });
});

describe('a partial apply', () => {
  it('changes the others, and gives them a generation that the absent one cannot have', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    cluster.host('lb2').state!.config.generation = 9;
    expect((await cluster.apply(topology('fwmark'), { absent: ['lb2'] })).ended).toBe('done');
    expect(cluster.host('lb1').state?.config.generation).toBeGreaterThan(1_795_000_000);
    expect(cluster.host('lb2').state?.config.generation).toBe(9);
  });

  it('leaves on realservers what the absent one may send to, until an apply has reached all', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    await cluster.apply(topology('nat'), { absent: ['lb2'] });
    expect(cluster.host('web1').addresses).toContain('10.77.1.100/32 dev lo');
    expect((await cluster.apply(topology('nat'))).ended).toBe('done');
    expect(cluster.host('web1').addresses).not.toContain('10.77.1.100/32 dev lo');
    expect(await cluster.left(topology('nat'))).toEqual([]);
    const [one, other] = ['lb1', 'lb2'].map((name) => cluster.host(name).state?.config);
    expect(one).toEqual(other);
  });

  it('twice, with each director away once, leaves the later one newer', async () => {
    const cluster = new ModelCluster();
    await cluster.apply(topology('dr'));
    await cluster.apply(topology('fwmark'), { absent: ['lb1'] });
    await cluster.apply(topology('tun'), { absent: ['lb2'] });
    const [one, other] = ['lb1', 'lb2'].map((name) => cluster.host(name).state?.config.generation ?? 0);
    expect(one).toBeGreaterThan(other!);
  });
});
