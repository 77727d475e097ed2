import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import type { AgentFixture, Realserver } from '../agent/agent-fixture.ts';
import { storedConfig } from '../agent/config.ts';
import { KEY } from '../agent/exchange/directors.ts';
import { instanceReport } from '../agent/instance-report.ts';
import { instanceState } from '../facts/agent-state.ts';
import { HOST, startTwoAgents } from './two-agents.ts';

let lb1: AgentFixture;
let lb2: AgentFixture;
let topology: string;

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 15_000, interval: 20 });
const give = (agent: AgentFixture, self: string, generation: number) =>
  agent.request('PUT', '/v1/config', storedConfig(topology, { self, generation }));
const told = ({ vrrp }: AgentFixture) => {
  const last = vrrp?.received.findLast(({ type }) => type === 'holds');
  return last?.type === 'holds' ? last.holds.map(({ reason }) => reason) : undefined;
};
const BEHIND = 'generation 8 of the configuration, which lb1 has (ours is 7)';

beforeEach(async () => {
  ({ lb1, lb2, topology } = await startTwoAgents(7));
  expect(await give(lb1, 'lb1', 7)).toMatchObject({ status: 200 });
  expect(await give(lb2, 'lb2', 7)).toMatchObject({ status: 200 });
});
afterEach(async () => {
  await lb1.end();
  await lb2.end();
});

const agreed = (agent: AgentFixture) => agent.state().then(({ exchange }) => exchange?.peers[0]?.agrees);

describe('two agents', () => {
  it('hear each other, and tell so in their states without showing the key', async () => {
    await eventually(() => agreed(lb1)).toBe(true);
    await eventually(() => agreed(lb2)).toBe(true);
    const { exchange } = await lb1.state();
    expect(exchange?.peers).toMatchObject([{ director: 'lb2', address: `127.7.${HOST}.12`, generation: 7 }]);
    expect(exchange?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.stringify(await lb1.state())).not.toContain(Buffer.from(KEY).toString('hex'));
  });

  it('hold the one that was away while the other got a newer configuration, until it has that', async () => {
    await eventually(() => agreed(lb2)).toBe(true);
    await lb2.stop();
    await give(lb1, 'lb1', 8);
    await lb2.start();
    await eventually(() => told(lb2)).toEqual([BEHIND]);
    expect((await lb2.state()).holds).toMatchObject([
      { instance: null, owner: 'lvs-agent', reason: BEHIND, until: null },
    ]);
    expect((await lb1.state()).alarms).toContain('lb2 has generation 7 of the configuration, this director 8');
    await give(lb2, 'lb2', 8);
    await eventually(() => told(lb2)).toEqual([]);
    await eventually(() => agreed(lb1)).toBe(true);
  });

  it('let a hold last beyond its time as long as another says that it is MASTER, and rest once none does', async () => {
    const vips = ['10.77.1.100'];
    const instances = [instanceState({ state: 'MASTER', vips }) as InstanceReport];
    const report = () => lb1.vrrp?.send({ type: 'report', latenessMs: { last: 0, worst: 0 }, instances });
    const reporting = setInterval(report, 100);
    try {
      await eventually(async () => (await lb1.state()).vrrp.instances[0]?.state).toBe('MASTER');
      await eventually(() => agreed(lb2)).toBe(true);
      const body = { instance: 'comes-later', owner: 'lvsctl apply', whileServed: vips, comes: true, forMs: 1 };
      expect(await lb2.request('POST', '/v1/hold', { ...body, comes: false })).toMatchObject({ status: 404 });
      expect(await lb2.request('POST', '/v1/hold', body)).toMatchObject({ status: 200 });
      await eventually(() => told(lb2)).toEqual(['release by lvsctl apply']);
      await eventually(async () => (await lb2.state()).holds).toMatchObject([{ instance: 'comes-later', until: null }]);
      await lb1.stop();
      await eventually(() => told(lb2)).toEqual([]);
      expect((await lb2.state()).holds).toEqual([]);
    } finally {
      clearInterval(reporting);
    }
  });

  it('give a role to the one that sees more, and to nobody where both see the same', async () => {
    const servers: Realserver[] = [];
    for (const [agent, self] of [[lb1, 'lb1'] as const, [lb2, 'lb2'] as const]) {
      const own = [await agent.realserver(1), await agent.realserver(2)];
      const ports = own.map(({ port }) => port);
      const seen = topology.replaceAll(/port: \d+/g, () => `port: ${ports.shift()}`);
      await agent.request('PUT', '/v1/config', storedConfig(seen, { self, generation: 8 }));
      servers.push(...own);
    }
    const yields = ({ vrrp }: AgentFixture) => vrrp?.received.filter(({ type }) => type === 'yield').length;
    const instances = [instanceReport({ state: 'MASTER' })];
    const report = () => lb1.vrrp?.send({ type: 'report', latenessMs: { last: 0, worst: 0 }, instances });
    const reporting = setInterval(report, 100);
    try {
      const [first, second, ...others] = servers;
      for (const agent of [lb1, lb2]) await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
      for (const one of [first, second]) one!.behaviour = 'fail';
      await eventually(() => yields(lb1)).toBe(1);
      await eventually(() => told(lb1)).toEqual(['sight of http, which lb2 has']);
      expect((await lb1.state()).alarms.join()).toContain('public waits for sight of http, which lb2 has');
      expect([await lb1.weights(), yields(lb2), told(lb2)]).toEqual(['127.0.0.21:80=1 127.0.0.22:80=2', 0, []]);
      for (const one of others) one.behaviour = 'fail';
      await eventually(() => told(lb1)).toEqual([]);
      await eventually(async () => (await lb2.state()).policies?.[0]?.failOpen).toBeTruthy();
      expect([yields(lb1), yields(lb2), told(lb2)]).toEqual([1, 0, []]);
    } finally {
      clearInterval(reporting);
    }
  });

  it('let an operator free the one that is held', async () => {
    await give(lb1, 'lb1', 8);
    await eventually(() => told(lb2)).toEqual([BEHIND]);
    expect(await lb2.request('POST', '/v1/release', {})).toMatchObject({ json: { released: 1, holds: [] } });
    await eventually(() => told(lb2)).toEqual([]);
  });

  it('know of a drain that was set while one was away before that one may become MASTER', async () => {
    await eventually(() => agreed(lb2)).toBe(true);
    await lb2.stop();
    await lb1.request('POST', '/v1/drain', { realservers: ['web1'], owner: 'ann', reason: 'disk' });
    const before = lb2.vrrp?.received.length ?? 0;
    await lb2.start();
    const heard = () => lb2.vrrp?.received.slice(before) ?? [];
    await eventually(() => heard().some((one) => one.type === 'holds' && one.holds.length === 0)).toBe(true);
    expect((await lb2.state()).overrides).toMatchObject([{ realserver: 'web1', owner: 'ann', reason: 'disk' }]);
    await eventually(() => lb2.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
    await lb2.request('POST', '/v1/undrain', { realservers: ['web1'] });
    await eventually(async () => (await lb1.state()).overrides).toEqual([]);
    expect(lb1.lines.some((line) => line.includes('by ann was taken back, as lb2 knows'))).toBe(true);
  });
});
