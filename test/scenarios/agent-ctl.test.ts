/** `lvs-agent ctl`: what an operator has on the director itself. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { control } from '../../src/agent/ctl.ts';
import type { InstanceState } from '../../src/status/state.ts';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { instanceState } from '../facts/agent-state.ts';

let agent: AgentFixture;
beforeEach(async () => {
  agent = new AgentFixture();
  await agent.start();
  await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports: [1, 2] })));
});
afterEach(() => agent.end());

async function ctl(...argv: string[]) {
  const said = { stdout: '', stderr: '' };
  const code = await control(agent.socket, argv, (stream, text) => {
    said[stream] += text;
  });
  return { code, ...said };
}

it('shows the state, drains and takes it back', async () => {
  const { code, stdout } = await ctl('status');
  expect([code, JSON.parse(stdout).director]).toEqual([0, 'lb1']);
  expect(await ctl('drain', 'web1', '--service', 'http', '--reason', 'fire')).toMatchObject({ code: 0, stderr: '' });
  expect((await agent.state()).overrides).toMatchObject([{ realserver: 'web1', service: 'http', reason: 'fire' }]);
  expect(JSON.parse((await ctl('undrain', 'web1', '--service', 'http')).stdout)).toMatchObject({ removed: 1 });
});

describe('a drain on the director', () => {
  const WEIGHTS = '127.0.0.21:80=1 127.0.0.22:80=2';
  beforeEach(async () => {
    const servers = [await agent.realserver(1), await agent.realserver(2)];
    const topology = webTopology({ ports: servers.map(({ port }) => port) });
    await agent.request('PUT', '/v1/config', storedConfig(topology, { generation: 2, hash: 'hash-2' }));
    await expect.poll(() => agent.weights(), { timeout: 10_000 }).toBe(WEIGHTS);
  });

  it('is refused where it would leave nobody, unless forced', async () => {
    expect(await ctl('drain', 'web1', 'web2')).toEqual({
      code: 1,
      stdout: '',
      stderr: '{"error":"http would keep weight 0 of 3, and its quorum is 1 (--force drains all the same)"}\n',
    });
    expect(await agent.weights()).toBe(WEIGHTS);
    expect(await ctl('drain', 'web1', 'web2', '--force', '--for', '2h')).toMatchObject({ code: 0 });
    expect(await agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=0');
    const { overrides, at } = await agent.state();
    for (const { until } of overrides) expect(Math.abs((until ?? 0) - at - 7_200_000)).toBeLessThan(60_000);
  });

  it('is waited for until nothing is left', async () => {
    const count = (active: number) => agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active });
    count(3);
    const waiting = ctl('drain', 'web1', '--wait');
    await expect.poll(() => agent.weights(), { timeout: 5_000 }).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
    count(0);
    const { code, stdout } = await waiting;
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { empty: true, realservers: [{ realserver: 'web1', weight: 0 }] },
    ]);
    count(1);
    const again = ctl('drain', 'web1', '--wait');
    await expect.poll(() => agent.lines.filter((line) => line.includes('is drained')).length).toBe(2);
    await agent.restart();
    count(0);
    expect((await again).code).toBe(0);
    count(2);
    const late = await ctl('drain', 'web1', '--timeout', '1500ms');
    expect([late.code, JSON.parse(late.stderr)]).toMatchObject([
      1,
      { empty: false, drained: true, realservers: [{ active: 2 }] },
    ]);
  });
});

it('holds an instance, or all of them, and lets go of whatever is held', async () => {
  const held = await ctl('hold', 'public', '--reason', 'new cable', '--minutes', '5');
  expect(JSON.parse(held.stdout).holds).toMatchObject([{ instance: 'public', reason: 'new cable' }]);
  expect(await ctl('hold')).toMatchObject({ code: 0 });
  expect((await agent.state()).holds).toHaveLength(2);
  expect(JSON.parse((await ctl('release', 'public')).stdout)).toMatchObject({
    released: 1,
    holds: [{ instance: null }],
  });
  expect(JSON.parse((await ctl('release')).stdout)).toMatchObject({ released: 1, holds: [] });
  expect(await ctl('hold', 'private')).toMatchObject({
    code: 1,
    stderr: '{"error":"there is no instance private here"}\n',
  });
});

it('hands a role over, and waits for what comes of it', async () => {
  const vrrp = await agent.startVrrp();
  await expect.poll(() => vrrp.connections, { timeout: 5_000 }).toBe(1);
  const report = (more: Partial<InstanceState>): void =>
    vrrp.send({
      type: 'report',
      latenessMs: { last: 0, worst: 0 },
      instances: [instanceState(more) as InstanceReport],
    });
  report({});
  await expect.poll(async () => (await agent.state()).vrrp.alive, { timeout: 5_000 }).toBe(true);
  const given = ctl('failover', 'public');
  await expect.poll(() => vrrp.received.at(-1), { timeout: 5_000 }).toEqual({ type: 'yield', instance: 'public' });
  report({ handingOver: { since: 1, deadline: 2, cause: 'x' } });
  report({ state: 'BACKUP', cause: 'handed over', master: '10.77.1.12' });
  const { code, stdout } = await given;
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { instance: 'public', state: 'BACKUP', cause: 'handed over', master: '10.77.1.12' },
  ]);
  report({});
  await expect.poll(async () => (await agent.state()).vrrp.instances[0]?.state, { timeout: 5_000 }).toBe('MASTER');
  const kept = ctl('failover', 'public');
  report({ handingOver: { since: 1, deadline: 2, cause: 'x' } });
  await expect.poll(async () => (await agent.state()).vrrp.instances[0]?.handingOver, { timeout: 5_000 }).toBeDefined();
  setTimeout(() => report({ cause: 'still MASTER: nobody took it' }), 600);
  expect(await kept).toMatchObject({ code: 1, stderr: expect.stringContaining('nobody took it') });
  expect(await ctl('failover', 'gone')).toMatchObject({ code: 1, stderr: expect.stringContaining('no instance gone') });
});

it('says why it was refused', async () => {
  expect(await ctl('drain', 'web9')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: '{"error":"no service has a realserver web9"}\n',
  });
  await agent.stop();
  expect((await ctl('status')).stderr).toMatch(/^the agent does not answer on .*control\.sock: /);
});

it('starts and ends a recording of the VRRP process', async () => {
  expect(await ctl('record', 'start')).toMatchObject({
    code: 1,
    stderr: '{"error":"the VRRP process does not answer"}\n',
  });
  await agent.startVrrp();
  await expect.poll(() => agent.vrrp?.connections).toBe(1);
  await expect
    .poll(() => ctl('record', 'start'))
    .toMatchObject({ code: 0, stdout: '{"path":"/x/1.jsonl","bytes":7}\n' });
  expect(agent.vrrp?.received.at(-1)).toEqual({ type: 'record', on: true });
  expect(await ctl('record', 'stop')).toMatchObject({ code: 1, stderr: '{"error":"nothing is recorded"}\n' });
});

it.each([
  [],
  ['status', 'x'],
  ['drain'],
  ['reboot', 'x'],
  ['drain', 'a', '--for', 'ever'],
  ['drain', '--force'],
  ['failover', 'a', 'b'],
  ['failover'],
  ['hold', 'a', 'b'],
  ['record', 'x'],
])('shows its usage for %j', async (...argv) => {
  expect(await ctl(...argv)).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('usage: lvs-agent ctl status'),
  });
});
