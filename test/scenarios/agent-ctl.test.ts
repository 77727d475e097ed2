/** `lvs-agent ctl`: what an operator has on the director itself. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { control } from '../../src/agent/ctl.ts';
import type { InstanceState } from '../../src/status/state.ts';
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

it('hands a role over, and waits for what comes of it', async () => {
  const vrrp = await agent.startVrrp();
  await expect.poll(() => vrrp.connections, { timeout: 5_000 }).toBe(1);
  const report = (more: Partial<InstanceState>): void =>
    vrrp.send({ type: 'report', latenessMs: { last: 0, worst: 0 }, instances: [instanceState(more)] });
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

it.each([
  [],
  ['status', 'x'],
  ['drain'],
  ['reboot', 'x'],
  ['drain', 'a', '--force'],
  ['failover', 'a', 'b'],
  ['failover'],
])('shows its usage for %j', async (...argv) => {
  expect(await ctl(...argv)).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('usage: lvs-agent ctl status'),
  });
});
