/** The supervisor as a whole: real control socket, real probes to loopback, a kernel in memory. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeIpvs } from '../../src/kernel/fake-ipvs.ts';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import { parseAddress } from '../../src/wire/address.ts';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, type WebOptions, webTopology } from '../agent/config.ts';
import { instanceReport } from '../agent/instance-report.ts';

let agent: AgentFixture;
beforeEach(() => {
  agent = new AgentFixture();
});
afterEach(() => agent.end());

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 5_000, interval: 10 });

async function serving(more: Partial<WebOptions> = {}) {
  const servers = [await agent.realserver(1), await agent.realserver(2)] as const;
  const ports = servers.map(({ port }) => port);
  await agent.start();
  expect(await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports, ...more })))).toMatchObject({
    status: 200,
  });
  await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
  return { servers, ports };
}

describe('an agent', () => {
  it('runs without a configuration, and says so', async () => {
    await agent.start();
    expect(await agent.state()).toMatchObject({ cluster: '', config: { generation: 0 }, alarms: [] });
    expect(agent.manager.told).toContain('READY=1');
    expect(statSync(agent.socket).mode & 0o777).toBe(0o600);
  });

  it('programs what it is sent, new realservers only once they have answered', async () => {
    const servers = [await agent.realserver(1), await agent.realserver(2)];
    servers[1]!.behaviour = 'fail';
    await agent.start();
    const config = storedConfig(webTopology({ ports: servers.map(({ port }) => port) }));
    await agent.request('PUT', '/v1/config', config);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0');
    servers[1]!.behaviour = 'serve';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    const state = await agent.state();
    expect(state).toMatchObject({
      cluster: 'test',
      director: 'lb1',
      config: { generation: 1, hash: 'hash-1', error: null },
    });
    expect(state.ipvs).toMatchObject({ inSync: true, error: null, services: [{ name: 'http', scheduler: 'wrr' }] });
    expect(state.ipvs.services[0]?.destinations.map(({ name, weight }) => [name, weight])).toEqual([
      ['web1', 1],
      ['web2', 2],
    ]);
    expect(state.checks.map(({ verdict }) => verdict)).toEqual(['up', 'up']);
  });

  it.each(['fail', 'hang'] as const)(
    'takes a realserver out that starts to %s, and brings it back',
    async (behaviour) => {
      const { servers } = await serving();
      servers[0].behaviour = behaviour;
      await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
      expect(agent.lines.filter((line) => line.includes('web1 is down') && line.includes('kind=check'))).toHaveLength(
        1,
      );
      expect((await agent.state()).checks[0]).toMatchObject({ verdict: 'down', lastError: expect.any(String) });
      servers[0].behaviour = 'serve';
      await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    },
  );

  it('puts back what vanishes from the kernel, soon', async () => {
    await serving();
    await agent.ipvs.flush();
    const started = performance.now();
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it('leaves foreign services alone', async () => {
    const address = parseAddress('10.9.9.9')!;
    const id = { kind: 'address', protocol: 'tcp', address, port: 99 } as const;
    const flags = { onePacket: false, schedulerFallback: false, schedulerPort: false, persistence: null };
    await agent.ipvs.apply([{ op: 'new-service', service: { id, scheduler: 'rr', ...flags } }]);
    await serving();
    expect((await agent.state()).ipvs.services.map(({ name }) => name)).toEqual([null, 'http']);
    await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports: [1] }), { generation: 2 }));
    expect((await agent.ipvs.read()).map(({ service }) => service.scheduler)).toEqual(['rr', 'wrr']);
  });
});

describe('a restart', () => {
  it('keeps what the kernel has: no change, no realserver out', async () => {
    await serving();
    await agent.stop();
    const before = agent.ipvs.changes.length;
    await agent.start();
    await eventually(async () => (await agent.state()).checks.every(({ latencyMs }) => latencyMs !== null)).toBe(true);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
  });

  it('brings up what was down only after its rise', async () => {
    const { servers } = await serving();
    servers[0].behaviour = 'fail';
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
    await agent.stop();
    servers[0].behaviour = 'serve';
    servers[0].requests = 0;
    await agent.start();
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    expect(servers[0].requests).toBeGreaterThanOrEqual(2);
  });

  it('takes the last good configuration when the file is damaged', async () => {
    await serving();
    await agent.stop();
    writeFileSync(agent.configPath, '{"generation": 1, "config": {}');
    await agent.start();
    const state = await agent.state();
    expect(state.config).toMatchObject({ generation: 1, error: expect.stringContaining('config.json cannot be used') });
    expect(state.ipvs.services).toHaveLength(1);
    expect(JSON.parse(readFileSync(agent.configPath, 'utf8')).hash).toBe('hash-1');
  });

  it('takes away what an earlier configuration named, also when that was long ago', async () => {
    const { ports } = await serving();
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.22:80', { active: 3 });
    await agent.request(
      'PUT',
      '/v1/config',
      storedConfig(webTopology({ ports: ports.slice(0, 1) }), { generation: 2 }),
    );
    await eventually(async () => (await agent.state()).ipvs.leaving).toEqual(['127.0.0.22:80 of tcp 10.77.1.100:80']);
    expect(await agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0');
    await agent.restart();
    expect((await agent.state()).ipvs.leaving).toEqual(['127.0.0.22:80 of tcp 10.77.1.100:80']);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.22:80', { active: 0 });
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1');
  });
});

describe('a new configuration', () => {
  it('changes a scheduler and a weight as edits', async () => {
    const { ports } = await serving();
    const before = agent.ipvs.changes.length;
    await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports, scheduler: 'wlc' }), { generation: 2 }));
    expect(agent.ipvs.changes.slice(before).map(({ op }) => op)).toEqual(['set-service']);
  });

  it('does not take a realserver out because an option of its check has changed', async () => {
    const { ports } = await serving();
    const before = agent.ipvs.changes.length;
    const other = webTopology({ ports }).replaceAll('http: /,', 'http: /other,');
    expect(await agent.request('PUT', '/v1/config', storedConfig(other, { generation: 2 }))).toMatchObject({
      status: 200,
    });
    await eventually(async () => (await agent.state()).checks.every(({ latencyMs }) => latencyMs !== null)).toBe(true);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
  });

  it('is rolled back when the kernel refuses it', async () => {
    const { ports } = await serving();
    agent.ipvs.missingSchedulers.add('mh');
    const refused = storedConfig(webTopology({ ports, scheduler: 'mh' }), { generation: 2, hash: 'hash-2' });
    const answer = await agent.request('PUT', '/v1/config', refused);
    expect(answer).toMatchObject({
      status: 422,
      json: { error: expect.stringContaining('configuration 2 was rolled back') },
    });
    expect(await agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    expect(JSON.parse(readFileSync(agent.configPath, 'utf8')).hash).toBe('hash-1');
    expect((await agent.state()).config).toMatchObject({ generation: 1, error: answer.json.error });
  });

  it('is rolled back when the VRRP process refuses it', async () => {
    const vrrp = await agent.startVrrp();
    const { ports } = await serving();
    await eventually(() => vrrp.connections).toBe(1);
    vrrp.refusal = 'no such interface';
    const next = storedConfig(webTopology({ ports }), { generation: 2 });
    expect(await agent.request('PUT', '/v1/config', next)).toMatchObject({
      status: 422,
      json: { error: 'configuration 2 was rolled back: the VRRP process refused it: no such interface' },
    });
  });

  it('is refused when it is older than the one in force', async () => {
    const { ports } = await serving();
    const older = storedConfig(webTopology({ ports }), { generation: 0 });
    expect(await agent.request('PUT', '/v1/config', older)).toMatchObject({ status: 409 });
  });

  it('marks packets for a fwmark service', async () => {
    await agent.start();
    const marked = webTopology({ ports: [1], listen: '[10.77.1.100:80, 10.77.1.100:443]', service: '    fwmark: 6\n' });
    expect(await agent.request('PUT', '/v1/config', storedConfig(marked))).toMatchObject({ status: 200 });
    expect(agent.firewall.rules).toEqual([
      { address: '10.77.1.100', protocol: 'tcp', port: 80, mark: 6 },
      { address: '10.77.1.100', protocol: 'tcp', port: 443, mark: 6 },
    ]);
    expect((await agent.state()).ipvs.services[0]).toMatchObject({ protocol: 'fwm', mark: 6, address: '' });
  });

  it('starts both sync daemons on the last dip, and leaves them alone afterwards', async () => {
    const { ports } = await serving();
    const daemons = await agent.ipvs.daemons();
    expect(daemons.map(({ role, interface: device, maxlen }) => [role, device, maxlen])).toEqual([
      ['master', 'eth1', 64],
      ['backup', 'eth1', 64],
    ]);
    await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports, scheduler: 'rr' }), { generation: 2 }));
    expect(await agent.ipvs.daemons()).toEqual(daemons);
    expect((await agent.ipvs.daemons())[0]).toBe(daemons[0]);
  });
});

describe('without ip_vs', () => {
  it('a configuration with services is refused, naming the module', async () => {
    agent.ipvs.loaded = false;
    await agent.start();
    const answer = await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports: [1] })));
    expect(answer).toMatchObject({ status: 422, json: { error: expect.stringContaining('modprobe ip_vs') } });
  });

  it('an agent goes on, alarms, and programs the table once the module is there', async () => {
    const { ports } = await serving();
    await agent.stop();
    Object.assign(agent, { ipvs: new FakeIpvs() });
    agent.ipvs.loaded = false;
    await agent.start();
    expect((await agent.state()).ipvs).toMatchObject({
      inSync: false,
      error: expect.stringContaining('ip_vs is not loaded'),
    });
    agent.ipvs.loaded = true;
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    expect(ports).toHaveLength(2);
    expect((await agent.state()).alarms).toEqual([
      'the VRRP process does not answer',
      expect.stringContaining('no exchange with the other directors'),
    ]);
  });

  it('a configuration without services never asks for it', async () => {
    agent.ipvs.loaded = false;
    await agent.start();
    const topology = readFileSync(join(import.meta.dirname, '../../inventory/topologies/vrrp-only.yaml'), 'utf8');
    const config = storedConfig(topology.replace('/usr/bin/pgrep, -x, nginx', '/bin/true'));
    expect(await agent.request('PUT', '/v1/config', config)).toMatchObject({ status: 200 });
    expect((await agent.state()).ipvs).toEqual({ inSync: true, error: null, leaving: [], services: [] });
  });
});

describe('a drain', () => {
  it('sets weight 0, survives a restart, and is taken back', async () => {
    await serving();
    const drained = await agent.request('POST', '/v1/drain', {
      realservers: ['web1'],
      owner: 'ann@ops',
      reason: 'disk',
    });
    expect(drained).toMatchObject({
      status: 200,
      json: { overrides: [{ realserver: 'web1', service: null, weight: 0 }] },
    });
    expect(await agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
    await agent.restart();
    expect(await agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=2');
    expect((await agent.state()).overrides).toMatchObject([{ realserver: 'web1', owner: 'ann@ops', reason: 'disk' }]);
    expect(await agent.request('POST', '/v1/undrain', { realservers: ['web1'] })).toMatchObject({
      json: { removed: 1 },
    });
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
  });

  it('ends by itself at its time', async () => {
    await serving();
    const body = { realservers: ['web2'], services: ['http'], owner: 'ann', until: Date.now() + 300 };
    await agent.request('POST', '/v1/drain', body);
    expect(await agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=0');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1 127.0.0.22:80=2');
    expect((await agent.state()).overrides).toEqual([]);
  });

  it('of what is not there is refused', async () => {
    await serving();
    const ask = (body: object) => agent.request('POST', '/v1/drain', { owner: 'ann', ...body });
    expect(await ask({ realservers: ['web9'] })).toMatchObject({
      status: 404,
      json: { error: 'no service has a realserver web9' },
    });
    expect(await ask({ realservers: ['web1'], services: ['ftp'] })).toMatchObject({ status: 404 });
    expect(await ask({ realservers: [] })).toMatchObject({ status: 400 });
    expect((await agent.state()).overrides).toEqual([]);
  });
});

describe('beside the VRRP process', () => {
  const report = (state: InstanceReport['state']): InstanceReport => instanceReport({ state });

  it('opens the gate once IPVS is programmed and every check was answered, and again for a new process', async () => {
    const vrrp = await agent.startVrrp();
    const { servers } = await serving();
    await eventually(() => vrrp.received.some(({ type }) => type === 'ready')).toBe(true);
    expect(servers.every(({ requests }) => requests > 0)).toBe(true);
    await vrrp.close();
    const next = await agent.startVrrp();
    await eventually(() => next.received.map(({ type }) => type).slice(0, 4)).toEqual([
      'config',
      'tracking',
      'holds',
      'ready',
    ]);
  });

  it('shows its report, hands on a request to yield, and follows its transitions', async () => {
    await serving();
    expect(await agent.request('POST', '/v1/yield', { instance: 'public' })).toMatchObject({ status: 503 });
    const vrrp = await agent.startVrrp();
    await eventually(() => vrrp.connections).toBe(1);
    vrrp.sendText('not json\n{"type":"news"}\n');
    vrrp.send({ type: 'report', latenessMs: { last: 1, worst: 2 }, instances: [report('BACKUP')] });
    await eventually(async () => (await agent.state()).vrrp.alive).toBe(true);
    expect(await agent.request('POST', '/v1/yield', { instance: 'other' })).toMatchObject({ status: 404 });
    expect(await agent.request('POST', '/v1/yield', { instance: 'public' })).toMatchObject({ status: 409 });
    vrrp.send({ type: 'transition', instance: 'public', from: 'BACKUP', to: 'MASTER', cause: 'test', at: 1 });
    vrrp.send({ type: 'report', latenessMs: { last: 1, worst: 2 }, instances: [report('MASTER')] });
    await eventually(async () => (await agent.state()).vrrp.instances[0]?.state).toBe('MASTER');
    expect(await agent.request('POST', '/v1/yield', { instance: 'public' })).toMatchObject({ status: 200 });
    await eventually(() => vrrp.received.at(-1)).toEqual({ type: 'yield', instance: 'public' });
  });

  it('tells it how what its instances track stands, and says why', async () => {
    const vrrp = await agent.startVrrp();
    const [hold, unsafe] = [join(agent.folder, 'hold'), join(agent.folder, 'check')];
    writeFileSync(unsafe, '#!/bin/sh\n');
    chmodSync(unsafe, 0o777);
    const { servers } = await serving({
      top: `scripts: { own: { run: [${unsafe}], user: root } }`,
      instance: `, preempt: true, track: { services: [{ name: http, weight: -20 }], files: [${hold}], scripts: [own] }`,
    });
    const told = () => vrrp.received.findLast(({ type }) => type === 'tracking');
    await eventually(told).toEqual({
      type: 'tracking',
      scripts: { own: 'down' },
      services: { http: 'up' },
      files: { [hold]: 'up' },
    });
    for (const server of servers) server.behaviour = 'fail';
    writeFileSync(hold, '');
    await eventually(told).toMatchObject({ services: { http: 'down' }, files: { [hold]: 'down' } });
    const trackers = [
      { kind: 'service', name: 'http', weight: -20, state: 'down', isDown: true },
      { kind: 'file', name: hold, weight: 0, state: 'down', isDown: true },
      { kind: 'script', name: 'own', weight: 0, state: 'down', isDown: true },
    ] as const;
    vrrp.send({ type: 'report', latenessMs: { last: 1, worst: 2 }, instances: [{ ...report('FAULT'), trackers }] });
    await eventually(async () => (await agent.state()).vrrp.instances[0]?.trackers.length).toBe(3);
    const { alarms, vrrp: seen } = await agent.state();
    const refusal = `${unsafe} is not run as root: others than root can change ${unsafe}`;
    expect(seen.instances[0]?.trackers.at(-1)).toEqual({ ...trackers[2], error: refusal });
    const trackerAlarms = ['service http is down', `file ${hold} exists`, `script own is down: ${refusal}`];
    const policyAlarm = expect.stringMatching(/^http (fails open|has no quorum) since/);
    expect(alarms).toEqual([expect.stringContaining('exchange.key'), policyAlarm, ...trackerAlarms]);
    expect(agent.lines.join('')).toContain(`<4>script own is down: ${refusal}`);
  });
});
