/** A drain as lvsctl conducts it, at two real agents on fake kernels: one restarts in the middle, the other is away. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DirectorAgent } from '../../src/playbook/director-agent.ts';
import { type DrainOptions, drain } from '../../src/playbook/drain.ts';
import { objectionsAt, ordersFor, type Subject, subjectsOf } from '../../src/playbook/drain-plan.ts';
import { HostError } from '../../src/playbook/failure.ts';
import { undrain } from '../../src/playbook/undrain.ts';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { KEY, keyText } from '../agent/exchange/directors.ts';

let lb1: AgentFixture;
let lb2: AgentFixture;
let topology: string;
/** The port of the exchange is fixed, and another run of this test may be on this machine. */
const host = randomInt(1, 250);

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 15_000, interval: 20 });
const HTTP = 'tcp 10.77.1.100:80';
const WEB1 = '127.0.0.21:80';
const SERVING = '127.0.0.21:80=1 127.0.0.22:80=2';
const DRAINED = '127.0.0.21:80=0 127.0.0.22:80=2';

beforeEach(async () => {
  [lb1, lb2] = [new AgentFixture(), new AgentFixture()];
  const servers = [await lb1.realserver(1), await lb1.realserver(2)];
  topology = webTopology({ ports: servers.map(({ port }) => port) })
    .replace('eth1: 10.77.1.11', `eth1: 127.8.${host}.11`)
    .replace('eth1: 10.77.1.12', `eth1: 127.8.${host}.12`);
  for (const [agent, self] of [[lb1, 'lb1'] as const, [lb2, 'lb2'] as const]) {
    writeFileSync(join(agent.folder, 'exchange.key'), keyText(KEY), { mode: 0o600 });
    await agent.startVrrp();
    await agent.start();
    expect(await agent.request('PUT', '/v1/config', storedConfig(topology, { self }))).toMatchObject({ status: 200 });
  }
  for (const agent of [lb1, lb2]) await eventually(() => agent.weights()).toBe(SERVING);
});
afterEach(async () => {
  await lb1.end();
  await lb2.end();
});

function over(name: string, agent: AgentFixture): DirectorAgent {
  const silent = (error: Error): never => {
    throw new HostError(name, error.message);
  };
  return {
    name,
    state: () => agent.state().catch(silent),
    async post(path, body) {
      const { status, json } = await agent.request('POST', path, body).catch(silent);
      if (status >= 300) throw new HostError(name, json.error);
    },
    async established() {
      throw new Error('nobody asks for connections one by one');
    },
  };
}

const both = () => new Map([['lb1', over('lb1', lb1)] as const, ['lb2', over('lb2', lb2)] as const]);
const subjects = (...names: string[]): Subject[] =>
  subjectsOf(storedConfig(topology).config, { names, services: null });

async function run(directors: ReadonlyMap<string, DirectorAgent>, more: Partial<DrainOptions> = {}) {
  const states = await Promise.all([...directors.values()].map((one) => one.state()));
  const found = subjects('web1');
  return drain({
    ...{ subjects: found, directors, owner: 'ann@ops', persistent: new Set(), waitMs: 60_000 },
    orders: ordersFor(states, found, { reason: 'disk', forMs: null }),
    doing: () => {},
    stopping: () => false,
    ...more,
  });
}

describe('a drain', () => {
  it('is kept over a restart, counts on, and is over when nothing is left', async () => {
    lb1.ipvs.setCounters(HTTP, WEB1, { active: 2 });
    const said: string[] = [];
    const draining = run(both(), { doing: (_realserver, what) => said.push(what) });
    await eventually(() => lb1.weights()).toBe(DRAINED);
    await eventually(() => lb2.weights()).toBe(DRAINED);
    await eventually(() => said.at(-1)).toBe('2 active at lb1; nothing at lb2');
    await lb1.restart();
    expect(await lb1.weights()).toBe(DRAINED);
    lb1.ipvs.setCounters(HTTP, WEB1, { active: 0, inactive: 2 });
    await eventually(() => said.at(-1)).toBe('2 inactive at lb1; nothing at lb2');
    lb1.ipvs.setCounters(HTTP, WEB1, { inactive: 0 });
    expect(await draining).toMatchObject({ realservers: [{ outcome: 'empty' }], failures: [] });
  });

  it('and its end come to the director that was away', async () => {
    await lb2.stop();
    const only = new Map([...both()].slice(0, 1));
    expect(await run(only)).toMatchObject({ realservers: [{ outcome: 'empty' }], failures: [] });
    expect(await lb2.weights()).toBe(SERVING);
    await lb2.start();
    await eventually(() => lb2.weights()).toBe(DRAINED);
    expect((await lb2.state()).overrides).toMatchObject([{ realserver: 'web1', owner: 'ann@ops', reason: 'disk' }]);
    await lb2.restart();
    expect(await lb2.weights()).toBe(DRAINED);
    await lb2.stop();
    const back = await undrain({ subjects: subjects('web1'), services: null, directors: only });
    expect(back).toEqual({ realservers: [{ realserver: 'web1', weights: { http: 1 } }], failures: [] });
    await lb2.start();
    await eventually(() => lb2.weights()).toBe(SERVING);
  });

  it('is taken back, too, where only the director that is away knows of it', async () => {
    await lb1.stop();
    await lb2.request('POST', '/v1/drain', { realservers: ['web1'], owner: 'ann@ops' });
    await eventually(() => lb2.weights()).toBe(DRAINED);
    await lb2.stop();
    await lb1.start();
    const only = new Map([...both()].slice(0, 1));
    const back = await undrain({ subjects: [], also: subjects('web1'), services: null, directors: only });
    expect(back.failures).toEqual([]);
    await lb2.start();
    await eventually(() => lb2.weights()).toBe(SERVING);
    expect([(await lb1.state()).overrides, await lb1.weights()]).toEqual([[], SERVING]);
  });

  it('of the last one is objected to by what the agents say', async () => {
    await run(both(), { waitMs: null });
    const states = [await lb1.state(), await lb2.state()];
    expect(objectionsAt(storedConfig(topology).config, states, subjects('web2'))).toEqual([
      'http would keep weight 0 of 2, and its quorum is 1',
    ]);
    expect(ordersFor(states, subjects('web1'), { reason: null, forMs: null })).toEqual([]);
  });
});
