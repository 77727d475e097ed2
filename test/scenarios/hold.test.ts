/** Holds over the control socket: told to the VRRP process, kept over restarts, and ended by those whom they concern. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';

let agent: AgentFixture;
beforeEach(async () => {
  agent = new AgentFixture();
  await agent.start();
  await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports: [1] })));
});
afterEach(() => agent.end());

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 5_000, interval: 10 });
const hold = (more: object = {}) =>
  agent.request('POST', '/v1/hold', { owner: 'ann@ops', instance: 'public', ...more });
const release = (body?: object) => agent.request('POST', '/v1/release', body);
const told = () => {
  const last = agent.vrrp?.received.findLast(({ type }) => type === 'holds');
  return last?.type === 'holds' ? last.holds.map(({ instance, reason }) => `${instance}: ${reason}`) : undefined;
};

describe('a hold', () => {
  it('is told to the VRRP process at once, and to every new one', async () => {
    const vrrp = await agent.startVrrp();
    await eventually(told).toEqual([]);
    expect(await hold({ reason: 'new cable' })).toMatchObject({ status: 200 });
    await eventually(told).toEqual(['public: release by ann@ops (new cable)']);
    await vrrp.close();
    await agent.startVrrp();
    await eventually(told).toEqual(['public: release by ann@ops (new cable)']);
    await release();
    await eventually(told).toEqual([]);
  });

  it('is told in the state with its end, ten minutes later unless said otherwise, and survives a restart', async () => {
    await hold();
    await hold({ instance: null, owner: 'bob', forMs: 60_000 });
    await agent.restart();
    const { holds } = await agent.state();
    expect(holds?.map(({ instance, owner, since, until }) => [instance, owner, (until ?? 0) - since])).toEqual([
      ['public', 'ann@ops', 600_000],
      [null, 'bob', 60_000],
    ]);
  });

  it('ends by itself, and says so', async () => {
    const vrrp = await agent.startVrrp();
    await eventually(told).toEqual([]);
    await hold({ forMs: 200 });
    await eventually(() => vrrp.received.some((one) => one.type === 'holds' && one.holds.length === 1)).toBe(true);
    await eventually(told).toEqual([]);
    expect((await agent.state()).holds).toEqual([]);
    expect(agent.lines.filter((line) => line.includes('the hold of public by ann@ops has run out'))).toHaveLength(1);
  });

  it('of one owner is not let go with that of another', async () => {
    await hold();
    await hold({ owner: 'bob' });
    expect(await release({ owner: 'ann@ops' })).toMatchObject({ json: { released: 1, holds: [{ owner: 'bob' }] } });
    expect(await release({ instance: 'other' })).toMatchObject({ json: { released: 0 } });
    expect(await release({ instance: 'public' })).toMatchObject({ json: { released: 1, holds: [] } });
  });

  it('of what is not there, of nobody or without end is refused', async () => {
    expect(await hold({ instance: 'private' })).toMatchObject({ status: 404 });
    expect(await hold({ owner: '' })).toMatchObject({ status: 400 });
    expect(await hold({ forMs: 1e9 })).toMatchObject({ status: 400 });
    expect((await agent.state()).holds).toEqual([]);
  });

  it('on a disk that damaged it holds nothing, which is said', async () => {
    await hold();
    await agent.stop();
    writeFileSync(join(agent.folder, 'holds.json'), '[{"instance": 1}]');
    await agent.start();
    expect((await agent.state()).holds).toEqual([]);
    expect(agent.lines.some((line) => line.includes('nothing is held: holds[0].instance'))).toBe(true);
  });
});
