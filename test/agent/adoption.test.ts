import { describe, expect, it } from 'vitest';
import { adopted, type Former } from '../../src/agent/adoption.ts';
import type { Initial } from '../../src/agent/prober.ts';
import { desiredTable } from '../../src/balancer/desired.ts';
import { probePlan } from '../../src/health/probe-plan.ts';
import type { Verdict } from '../../src/health/verdict.ts';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import { storedConfig, webTopology } from './config.ts';

/** Three realservers of weights 1, 2 and 3, and what becomes of each whose weight the kernel has: null: it is not in the table. */
async function begun(
  weights: readonly (number | null)[],
  { former = null, service = '' }: { former?: Former | null; service?: string } = {},
): Promise<Initial[]> {
  const { config } = storedConfig(webTopology({ ports: [80, 80, 80], service }));
  const ipvs = new FakeIpvs();
  const [one] = desiredTable(config, { judge: () => ({ verdict: 'up', forMs: 0 }), overrides: [], wallMs: 0 });
  await ipvs.apply([{ op: 'new-service', service: one!.service }]);
  for (const [index, weight] of weights.entries()) {
    const destination = { ...one!.destinations[index]!, weight: weight ?? 0 };
    if (weight !== null) await ipvs.apply([{ op: 'new-destination', id: one!.service.id, destination }]);
  }
  const plan = probePlan(config, 'lb1');
  const initial = adopted(config, plan, await ipvs.read(), former);
  return plan.judged.map(({ probes }) => initial(plan.probes.get(probes[0]!)!));
}

const verdicts = (all: readonly Initial[]): Verdict[] => all.map(({ verdict }) => verdict);

describe('what checks begin with', () => {
  it('is what the kernel has when the agent starts; whoever is missing there had failed', async () => {
    expect(verdicts(await begun([1, 0, null]))).toEqual(['up', 'down', 'down']);
  });

  it('does not bring back whom on_fail has removed after a time', async () => {
    const [, , missing] = await begun([1, 2, null], { service: '    on_fail: { action: remove, after: 5m }\n' });
    expect(missing).toMatchObject({ verdict: 'down', forMs: 300_000 });
  });

  it('is what was known before, after a change: a dead one stays dead, for as long as it has been', async () => {
    const said: Readonly<Record<string, ReturnType<Former>>> = {
      web1: { verdict: 'up', forMs: 7 },
      web2: { verdict: 'down', forMs: 9_000 },
    };
    const all = await begun([0, null, null], { former: (_service, realserver) => said[realserver] });
    expect(all.map(({ verdict, forMs }) => [verdict, forMs])).toEqual([['up', 7], ['down', 9_000], ['unknown', 0]]); // biome-ignore format: a table
  });

  it('is what the kernel has where no verdict was in yet', async () => {
    const all = await begun([1, 0, null], { former: () => ({ verdict: 'unknown', forMs: 0 }) });
    expect(verdicts(all)).toEqual(['up', 'down', 'unknown']);
  });
});
