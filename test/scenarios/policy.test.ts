/** What a service does with verdicts, through the whole agent: quorum, sorry server, fail-open, slow start, and restarts. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KernelError } from '../../src/kernel/kernel-error.ts';
import type { FromVrrp, InstanceReport } from '../../src/vrrp/link.ts';
import { AgentFixture, type Realserver } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { instanceReport } from '../agent/instance-report.ts';

let agent: AgentFixture;
beforeEach(() => {
  agent = new AgentFixture();
});
afterEach(() => agent.end());

/** Probes run every 100 ms; a busy machine may need seconds. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 10_000, interval: 10 });

const ALL = '127.0.0.21:80=1 127.0.0.22:80=2 127.0.0.23:80=3';

/** Three realservers of weights 1, 2 and 3. */
async function serving(service: string, weights = ALL): Promise<Realserver[]> {
  const servers = [await agent.realserver(1), await agent.realserver(2), await agent.realserver(3)];
  await agent.start();
  await put(servers, service, 1);
  await eventually(() => agent.weights()).toBe(weights);
  return servers;
}

async function put(servers: readonly Realserver[], service: string, generation: number): Promise<void> {
  const config = storedConfig(webTopology({ ports: servers.map(({ port }) => port), service }), { generation });
  expect(await agent.request('PUT', '/v1/config', config)).toMatchObject({ status: 200 });
}

const policy = async () => (await agent.state()).policies![0]!;
const told = (words: string) => agent.lines.filter((line) => line.includes(words)).length;
const OFF = '    fail_open: { share: 100% }\n';
const QUORUM = `${OFF}    quorum: { weight: 4, hysteresis: 1 }\n`;
const SORRY = `${QUORUM}    sorry: { address: 10.77.1.200, port: 9, mode: nat`;

describe('a quorum', () => {
  it('is lost below its weight less the hysteresis, and regained from its weight and the hysteresis on', async () => {
    const servers = await serving(QUORUM);
    servers[1]!.behaviour = 'fail'; // 4 of 6: as it was
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0 127.0.0.23:80=3');
    expect(await policy()).toMatchObject({ quorum: { state: 'up', alive: 4, needed: 4 } });
    servers[0]!.behaviour = 'fail';
    servers[2]!.behaviour = 'fail';
    await eventually(async () => (await policy()).quorum.state).toBe('down');
    expect((await agent.state()).alarms.join()).toContain('http has no quorum since');
    servers[0]!.behaviour = 'serve';
    servers[2]!.behaviour = 'serve'; // 4 again: still lost
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0 127.0.0.23:80=3');
    expect((await policy()).quorum).toMatchObject({ state: 'down', alive: 4 });
    servers[1]!.behaviour = 'serve';
    await eventually(async () => (await policy()).quorum.state).toBe('up');
    expect([told('has lost its quorum'), told('has its quorum again')]).toEqual([1, 1]);
    expect(await agent.text('/v1/metrics')).toContain('lvs_service_quorum{service="http"} 1');
  });

  it('is lost by a drain, too', async () => {
    await serving(QUORUM);
    await agent.request('POST', '/v1/drain', { realservers: ['web3', 'web2'], owner: 'x' });
    await eventually(async () => (await policy()).quorum).toMatchObject({ state: 'down', alive: 1 });
    expect(await agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0 127.0.0.23:80=0');
  });
});

describe('a sorry server', () => {
  it('has the place of the realservers while the quorum is lost', async () => {
    const servers = await serving(`${SORRY} }`);
    expect(await policy()).toMatchObject({ sorry: 'ready' });
    servers[2]!.behaviour = 'fail';
    servers[1]!.behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('10.77.1.200:9=1');
    expect(await policy()).toMatchObject({ sorry: 'serves', quorum: { state: 'down', alive: 1 } });
    expect((await agent.state()).ipvs.services[0]?.destinations.map(({ name }) => name)).toEqual(['sorry server']);
    servers[1]!.behaviour = 'serve';
    servers[2]!.behaviour = 'serve';
    await eventually(async () => (await agent.weights()).split(' ').sort().join(' ')).toBe(ALL);
  });

  it('with quiesce has them beside it at weight 0, and never deletes one', async () => {
    const servers = await serving(`${SORRY}, quiesce: true }`);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 5 });
    const from = agent.ipvs.changes.length;
    for (const server of servers.slice(1)) server.behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=0 127.0.0.23:80=0 10.77.1.200:9=1');
    for (const server of servers) server.behaviour = 'serve';
    await eventually(() => agent.weights()).toBe(ALL);
    const deleted = agent.ipvs.changes.slice(from).filter(({ op }) => op.startsWith('delete'));
    expect(deleted).toMatchObject([{ op: 'delete-destination', destination: { address: '10.77.1.200' } }]);
  });

  it('without quiesce lets connections end before a realserver goes', async () => {
    const servers = await serving(`${SORRY} }`);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 5 });
    for (const server of servers.slice(1)) server.behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 10.77.1.200:9=1');
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 0 });
    await eventually(() => agent.weights()).toBe('10.77.1.200:9=1');
  });

  it('that is dead takes nobody’s place', async () => {
    const sorry = await agent.realserver(79);
    sorry.behaviour = 'fail';
    const servers = await serving(
      `${SORRY}, checks: [{ http: /, connect: { address: 127.0.0.99, port: ${sorry.port} } }] }`,
    );
    await eventually(async () => (await policy()).sorry).toBe('down');
    for (const server of servers.slice(1)) server.behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0 127.0.0.23:80=0');
    expect((await agent.state()).alarms.join()).toContain('; the sorry server is down, too');
    sorry.behaviour = 'serve';
    await eventually(() => agent.weights()).toBe('10.77.1.200:9=1');
  });

  it('serves on through a restart of the agent, which changes nothing', async () => {
    const servers = await serving(`${SORRY}, quiesce: true }`);
    servers[2]!.behaviour = 'fail';
    servers[1]!.behaviour = 'fail';
    await eventually(async () => (await policy()).sorry).toBe('serves');
    await eventually(() => agent.weights()).toContain('10.77.1.200:9=1');
    await agent.stop();
    const before = agent.ipvs.changes.length;
    await agent.start();
    await eventually(async () => (await policy()).quorum.alive).toBe(1);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
    expect(await policy()).toMatchObject({ sorry: 'serves', quorum: { state: 'down' } });
  });
});

describe('fail-open', () => {
  it('keeps the last set when all fail at once, tells it, and ends when they recover', async () => {
    const servers = await serving('');
    for (const server of servers) server.behaviour = 'fail';
    await eventually(async () => (await policy()).failOpen?.realservers.length).toBe(3);
    await eventually(() => agent.weights()).toBe(ALL);
    const { alarms, checks } = await agent.state();
    expect(alarms.join()).toContain('http fails open since');
    expect(checks.map(({ verdict }) => verdict)).toEqual(['down', 'down', 'down']);
    for (const server of servers) server.behaviour = 'serve';
    await eventually(async () => (await policy()).failOpen).toBeNull();
    expect(await agent.weights()).toBe(ALL);
    expect([told('http fails open:'), told('http no longer fails open')]).toEqual([1, 1]);
  });

  it('takes out whoever still fails once the others have been back for a while', async () => {
    const servers = await serving('');
    for (const server of servers) server.behaviour = 'fail';
    await eventually(async () => (await policy()).failOpen?.realservers.length).toBe(3);
    for (const server of servers.slice(1)) server.behaviour = 'serve';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2 127.0.0.23:80=3');
  });

  it('gives a drained realserver nothing', async () => {
    const servers = await serving('');
    await agent.request('POST', '/v1/drain', { realservers: ['web3'], owner: 'x' });
    for (const server of servers) server.behaviour = 'fail';
    await eventually(async () => (await policy()).failOpen?.realservers.length).toBe(2);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2 127.0.0.23:80=0');
  });

  it('leaves the place to a sorry server, unless it is asked for', async () => {
    const servers = await serving('    sorry: local\n');
    for (const server of servers) server.behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('127.0.0.1:80=1');
  });
});

describe('slow start', () => {
  const SLOW = `${OFF}    slow_start: 3s\n`;

  it('raises the weight of a realserver that comes back, by edits alone', async () => {
    const servers = await serving(SLOW);
    servers[2]!.behaviour = 'fail';
    await eventually(() => agent.weights()).toContain('127.0.0.23:80=0');
    const from = agent.ipvs.changes.length;
    servers[2]!.behaviour = 'serve';
    await eventually(() => agent.weights()).toContain('127.0.0.23:80=1');
    expect((await policy()).rising).toMatchObject([{ realserver: 'web3', weight: 3 }]);
    await eventually(() => agent.weights()).toBe(ALL);
    const weights = agent.ipvs.changes.slice(from).map((change) => {
      expect(change.op).toBe('set-destination');
      return 'destination' in change && 'weight' in change.destination ? change.destination.weight : null;
    });
    expect(weights).toEqual([1, 2, 3]);
  });

  it('follows an undrain', async () => {
    await serving(SLOW);
    await agent.request('POST', '/v1/drain', { realservers: ['web3'], owner: 'x' });
    expect(await agent.weights()).toContain('127.0.0.23:80=0');
    await agent.request('POST', '/v1/undrain', { realservers: ['web3'] });
    expect(await agent.weights()).toContain('127.0.0.23:80=1');
    await eventually(() => agent.weights()).toBe(ALL);
  });

  it('goes on through a restart, and takes no weight back', async () => {
    await serving(`${OFF}    slow_start: 1h\n`, '127.0.0.21:80=1 127.0.0.22:80=1 127.0.0.23:80=1');
    const id = (await agent.ipvs.read())[0]!.service.id;
    const found = (await agent.ipvs.read())[0]!.destinations[2]!.destination;
    await agent.stop();
    await agent.ipvs.apply([{ op: 'set-destination', id, destination: { ...found, weight: 2 } }]);
    const before = agent.ipvs.changes.length;
    await agent.start();
    await eventually(async () => (await agent.state()).checks.every(({ latencyMs }) => latencyMs !== null)).toBe(true);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
    const at = (await agent.state()).at;
    const web3 = (await policy()).rising.find(({ realserver }) => realserver === 'web3')!;
    expect((web3.until - at) / 60_000).toBeCloseTo(20, 0);
  });
});

describe('a table that cannot be read when the agent starts', () => {
  it('is not an empty one: nobody who serves is taken out, and the checks begin when it is known', async () => {
    const servers = await serving(OFF);
    await agent.stop();
    const [changes, asked] = [agent.ipvs.changes.length, servers[0]!.requests];
    const error = new KernelError({ operation: 'read IPVS table', target: '', errno: 105 });
    const read = vi.spyOn(agent.ipvs, 'read').mockRejectedValue(error);
    await agent.start();
    expect((await agent.state()).ipvs.error).toBe('cannot read IPVS table: ENOBUFS');
    read.mockRestore();
    await eventually(
      async () => (await agent.state()).checks.filter(({ latencyMs }) => latencyMs !== null).length,
    ).toBe(3);
    expect(servers[0]!.requests).toBeGreaterThan(asked);
    expect([agent.ipvs.changes.slice(changes), (await agent.state()).ipvs.error]).toEqual([[], null]);
  });
});

describe('a changed check', () => {
  it('does not bring back a realserver that on_fail has removed', async () => {
    const removing = `${OFF}    on_fail: { action: remove }\n`;
    const servers = await serving(removing);
    servers[0]!.behaviour = 'fail';
    const without = '127.0.0.22:80=2 127.0.0.23:80=3';
    await eventually(() => agent.weights()).toBe(without);
    const before = agent.ipvs.changes.length;
    const slow = webTopology({ ports: servers.map(({ port }) => port), service: removing }).replace(
      'rise: 2',
      'rise: 3',
    );
    expect(await agent.request('PUT', '/v1/config', storedConfig(slow, { generation: 2 }))).toMatchObject({
      status: 200,
    });
    await eventually(async () => (await agent.state()).checks[0]).toMatchObject({
      verdict: 'down',
      lastError: expect.stringContaining('502'),
    });
    expect([await agent.weights(), agent.ipvs.changes.slice(before)]).toEqual([without, []]);
  });
});

describe('a service for the MASTER only', () => {
  const report = (state: InstanceReport['state'], lameDuckUntil?: number): FromVrrp => ({
    type: 'report',
    instances: [instanceReport({ state, lameDuckUntil })],
    latenessMs: { last: 0, worst: 0 },
  });

  it('is checked and served while this director is MASTER, or still serves what is relayed to it', async () => {
    const vrrp = await agent.startVrrp();
    const servers = [await agent.realserver(1), await agent.realserver(2), await agent.realserver(3)];
    await agent.start();
    await eventually(() => vrrp.connections).toBe(1);
    await put(servers, '    only_when_master: true\n', 1);
    vrrp.send(report('BACKUP'));
    await eventually(async () => (await agent.state()).waiting).toEqual(['http']);
    expect(await agent.weights()).toBe('none');
    expect(servers.map(({ requests }) => requests)).toEqual([0, 0, 0]);
    vrrp.send(report('MASTER'));
    await eventually(() => agent.weights()).toBe(ALL);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 5 });
    vrrp.send(report('BACKUP', Date.now() + 60_000));
    vrrp.send(report('BACKUP', Date.now() + 60_000));
    await eventually(async () => (await agent.state()).vrrp.instances[0]?.state).toBe('BACKUP');
    expect(await agent.weights()).toBe(ALL);
    vrrp.send(report('BACKUP'));
    await eventually(() => agent.weights()).toBe('none');
    expect((await agent.state()).alarms.filter((alarm) => alarm.includes('http'))).toEqual([]);
  });

  it('is looked at once for many reports that come meanwhile, and again after a failure', async () => {
    const vrrp = await agent.startVrrp();
    const servers = [await agent.realserver(1), await agent.realserver(2), await agent.realserver(3)];
    await agent.start();
    await eventually(() => vrrp.connections).toBe(1);
    await put(servers, '    only_when_master: true\n', 1);
    await eventually(async () => (await agent.state()).waiting).toEqual(['http']);
    const apply = vi.spyOn(agent.ipvs, 'apply').mockRejectedValueOnce(new Error('no room'));
    const read = vi.spyOn(agent.ipvs, 'read');
    for (let count = 0; count < 200; count++) vrrp.send(report('MASTER'));
    await eventually(() => agent.weights()).toBe(ALL);
    expect(read.mock.calls.length).toBeLessThan(100);
    apply.mockRestore();
    read.mockRestore();
  });

  it('goes on through a restart of the agent before the VRRP process has said anything', async () => {
    const vrrp = await agent.startVrrp();
    const servers = [await agent.realserver(1), await agent.realserver(2), await agent.realserver(3)];
    await agent.start();
    await put(servers, '    only_when_master: true\n', 1);
    await eventually(() => vrrp.connections).toBe(1);
    vrrp.send(report('MASTER'));
    await eventually(() => agent.weights()).toBe(ALL);
    await agent.stop();
    const before = agent.ipvs.changes.length;
    await agent.start();
    await eventually(async () => (await agent.state()).checks.every(({ latencyMs }) => latencyMs !== null)).toBe(true);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
  });
});
