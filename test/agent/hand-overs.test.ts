/** The supervisor's half of a hand-over: a real control socket, a kernel in memory, the VRRP process in the test's hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import { serviceKey } from '../../src/wire/ipvs.ts';
import { AgentFixture, type FakeVrrp } from './agent-fixture.ts';
import { storedConfig, webTopology } from './config.ts';
import { instanceReport } from './instance-report.ts';

let agent: AgentFixture;
let vrrp: FakeVrrp;
const RELAY = { type: 'relay', instance: 'public', to: '10.77.1.12' } as const;
/** lb2's: the second from the end of the reserved range. */
const KEY = `fwm ${0x4c56_fffe}`;
const KERNEL = { sloppy_tcp: '0', sync_persist_mode: '0', sync_threshold: '2 50' };

beforeEach(async () => {
  agent = new AgentFixture();
  for (const [name, value] of Object.entries(KERNEL)) agent.sysctls.values.set(`net.ipv4.vs.${name}`, value);
  vrrp = await agent.startVrrp();
  await agent.start();
  await agent.request('PUT', '/v1/config', storedConfig(webTopology({ ports: [1] })));
  await eventually(() => vrrp.connections).toBe(1);
});
afterEach(() => agent.end());

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 10_000, interval: 10 });
const keys = async (): Promise<string[]> => (await agent.ipvs.read()).map(({ service }) => serviceKey(service.id));
const settings = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.keys(KERNEL).map((name) => [name, agent.sysctls.read(`net.ipv4.vs.${name}`)]));
const ready = (): number => vrrp.received.filter(({ type }) => type === 'relay-ready').length;

function report(more: Partial<InstanceReport>): void {
  vrrp.send({ type: 'report', latenessMs: { last: 0, worst: 0 }, instances: [instanceReport(more)] });
}

function becomes(to: string): void {
  vrrp.send({ type: 'transition', instance: 'public', from: 'BACKUP', to, cause: 'x', at: 1 });
}

async function relayed(): Promise<void> {
  report({});
  vrrp.send(RELAY);
  await eventually(ready).toBe(1);
}

describe('the new MASTER', () => {
  it('has marks, service and settings of the relay before it takes over, and shows none of them as a service', async () => {
    await relayed();
    expect(await keys()).toContain(KEY);
    expect(agent.firewall.rules).toEqual([
      { address: '10.77.1.100', protocol: 'tcp', port: 80, mark: 0x4c56_fffe, midstream: true },
    ]);
    expect(settings()).toEqual({ ...KERNEL, sloppy_tcp: '1', sync_persist_mode: '1' });
    agent.ipvs.setCounters(KEY, '10.77.1.12:0', { active: 4 });
    await eventually(async () => (await agent.state()).relays).toMatchObject([
      { instance: 'public', to: '10.77.1.12', connections: 4 },
    ]);
    expect((await agent.state()).ipvs.services.map(({ name }) => name)).toEqual(['http']);
  });

  it('ends it when the role goes elsewhere; what is still relayed may end by itself', async () => {
    await relayed();
    becomes('MASTER');
    agent.ipvs.setCounters(KEY, '10.77.1.12:0', { active: 4 });
    becomes('BACKUP');
    await eventually(() => agent.firewall.rules).toEqual([]);
    expect(settings()).toEqual(KERNEL);
    expect((await agent.state()).relays).toBeUndefined();
    expect((await agent.state()).ipvs.leaving).toEqual([]);
    expect(await keys()).toContain(KEY);
    agent.ipvs.setCounters(KEY, '10.77.1.12:0', { active: 0 });
    await eventually(keys).not.toContain(KEY);
  });

  it('ends it when told to', async () => {
    await relayed();
    const answer = await agent.request('POST', '/v1/relay/end', { instance: 'public' });
    expect(answer).toMatchObject({ status: 200, json: { ended: 1 } });
    expect([settings(), agent.firewall.rules]).toEqual([KERNEL, []]);
    expect((await agent.request('POST', '/v1/relay/end', { instance: 'public' })).json.ended).toBe(0);
  });

  it('goes on with it after a restart', async () => {
    await relayed();
    becomes('MASTER');
    await agent.restart();
    expect((await agent.state()).relays).toMatchObject([{ instance: 'public', to: '10.77.1.12' }]);
    expect(settings()['sloppy_tcp']).toBe('1');
    expect(await keys()).toContain(KEY);
  });

  it('lets go of what a process before it left, though nothing of it is kept on the disk', async () => {
    await relayed();
    agent.ipvs.setCounters(KEY, '10.77.1.12:0', { active: 4 });
    await agent.request('POST', '/v1/relay/end', { instance: 'public' });
    expect(readFileSync(join(agent.folder, 'table.json'), 'utf8')).not.toContain('fwm');
    await agent.restart();
    await agent.state();
    expect(await keys()).toContain(KEY);
    agent.ipvs.setCounters(KEY, '10.77.1.12:0', { active: 0 });
    await eventually(keys).not.toContain(KEY);
  });

  it('does not go on with one whose time is over, and puts the settings back', async () => {
    await relayed();
    await agent.stop();
    const path = join(agent.folder, 'relays.json');
    const orders = JSON.parse(readFileSync(path, 'utf8')) as { since: number }[];
    writeFileSync(path, JSON.stringify(orders.map((one) => ({ ...one, since: one.since - 600_000 }))));
    await agent.start();
    await eventually(keys).not.toContain(KEY);
    expect([settings(), agent.firewall.rules]).toEqual([KERNEL, []]);
  });

  it('says at once that it may take over when there is nothing to relay', async () => {
    report({});
    vrrp.send({ ...RELAY, to: '10.77.1.99' });
    vrrp.send({ ...RELAY, to: 'nonsense' });
    await eventually(ready).toBe(2);
    expect([settings(), await keys()]).toEqual([KERNEL, ['tcp 10.77.1.100:80']]);
  });

  it('says so, too, when the kernel refuses: to wait longer would not help', async () => {
    agent.ipvs.loaded = false;
    report({});
    vrrp.send(RELAY);
    await eventually(ready).toBe(1);
  });
});

describe('the old MASTER', () => {
  const ends = (): number => vrrp.received.filter(({ type }) => type === 'end-lame-duck').length;

  it('tells the others of every connection that passes it, until no connection of its addresses is left', async () => {
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 1 });
    report({ lameDuckUntil: Date.now() + 600_000 });
    await eventually(settings).toEqual({ ...KERNEL, sync_threshold: '0 1' });
    expect(ends()).toBe(0);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 0, inactive: 1 });
    report({ lameDuckUntil: Date.now() + 600_000 });
    expect(ends()).toBe(0);
    agent.ipvs.setCounters('tcp 10.77.1.100:80', '127.0.0.21:80', { active: 0, inactive: 0 });
    await eventually(() => {
      report({ lameDuckUntil: Date.now() + 600_000 });
      return ends();
    }).toBeGreaterThan(0);
    report({});
    await eventually(settings).toEqual(KERNEL);
  });

  it('is MASTER of its addresses until somebody takes them, and says what came of it', async () => {
    report({ state: 'MASTER', handingOver: { since: 1, deadline: 2, cause: 'x' } });
    await eventually(async () => (await agent.state()).vrrp.instances[0]?.handingOver?.cause).toBe('x');
    vrrp.send({ type: 'hand-over', instance: 'public', outcome: 'kept', cause: 'nobody took it' });
    const events = async (): Promise<string> => JSON.stringify(await agent.events());
    await eventually(events).toContain('public is still MASTER here: nobody took it');
  });

  it('passes on what an operator says to the VRRP process', async () => {
    report({ state: 'MASTER' });
    await eventually(async () => (await agent.state()).vrrp.instances.length).toBe(1);
    for (const [path, type] of [
      ['/v1/yield', 'yield'],
      ['/v1/lame-duck/end', 'end-lame-duck'],
    ] as const) {
      expect(await agent.request('POST', path, { instance: 'public' })).toMatchObject({ status: 200 });
      await eventually(() => vrrp.received).toContainEqual({ instance: 'public', type });
      expect(await agent.request('POST', path, { instance: 'gone' })).toMatchObject({ status: 404 });
    }
  });
});

it('a table that is to be flushed at the end is there until the VRRP process has given its roles away', async () => {
  const flushing = webTopology({ ports: [1], top: 'ipvs: { on_stop: flush }' });
  await agent.request('PUT', '/v1/config', storedConfig(flushing, { generation: 2 }));
  writeFileSync(join(agent.folder, 'handover'), '');
  let isStopped = false;
  const stopped = agent.stop().then(() => {
    isStopped = true;
  });
  await eventually(() => agent.manager.told).toContain('STOPPING=1');
  expect([isStopped, await keys()]).toEqual([false, ['tcp 10.77.1.100:80']]);
  await vrrp.close();
  await stopped;
  expect(await keys()).toEqual([]);
});
