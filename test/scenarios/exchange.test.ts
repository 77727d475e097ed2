/** Two supervisors on loopback, each with a VRRP process that listens: drains, generations, and who is held. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { KEY, keyText } from '../agent/exchange/directors.ts';

let lb1: AgentFixture;
let lb2: AgentFixture;
/** The port is fixed, and another run of this test may be on this machine. */
const host = randomInt(1, 250);
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
  [lb1, lb2] = [new AgentFixture(), new AgentFixture()];
  const servers = [await lb1.realserver(1), await lb1.realserver(2)];
  topology = webTopology({ ports: servers.map(({ port }) => port) })
    .replace('eth1: 10.77.1.11', `eth1: 127.7.${host}.11`)
    .replace('eth1: 10.77.1.12', `eth1: 127.7.${host}.12`);
  for (const agent of [lb1, lb2]) {
    writeFileSync(join(agent.folder, 'exchange.key'), keyText(KEY), { mode: 0o600 });
    await agent.startVrrp();
    await agent.start();
  }
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
    expect(exchange?.peers).toMatchObject([{ director: 'lb2', address: `127.7.${host}.12`, generation: 7 }]);
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

  it('let a hold rest that is meant for as long as another is heard, once none is', async () => {
    await eventually(() => agreed(lb2)).toBe(true);
    const body = { instance: 'comes-later', owner: 'lvsctl apply', whileHeard: true, comes: true };
    expect(await lb2.request('POST', '/v1/hold', { ...body, comes: false })).toMatchObject({ status: 404 });
    expect(await lb2.request('POST', '/v1/hold', body)).toMatchObject({ status: 200 });
    await eventually(() => told(lb2)).toEqual(['release by lvsctl apply']);
    await lb1.stop();
    await eventually(() => told(lb2)).toEqual([]);
    expect((await lb2.state()).holds).toEqual([]);
    await lb1.start();
    await eventually(() => told(lb2)).toEqual(['release by lvsctl apply']);
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
