/** An agent with checks that it makes on the director itself: scripts and files, and the weights that scripts want. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig } from '../agent/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'checks-'));
const at = (name: string): string => join(folder, name);
let agent: AgentFixture;
beforeAll(() => buildNative(), 60_000);
beforeEach(() => {
  agent = new AgentFixture();
  for (const name of ['127.0.0.21', '127.0.0.22']) writeFileSync(at(name), '0');
  chmodSync(folder, 0o755);
});
afterEach(() => agent.end());
afterAll(() => rmSync(folder, { recursive: true }));

const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 10_000, interval: 10 });

function topology(checks: string): string {
  return `
cluster: test
directors: { lb1: { dip: { eth1: 10.77.1.11 } }, lb2: { dip: { eth1: 10.77.1.12 } } }
realservers: { web1: { rip: 127.0.0.21, weight: 10 }, web2: { rip: 127.0.0.22, weight: 10 } }
vrrp: { public: { vrid: 51, vips: [10.77.1.100], prefer: [lb1, lb2] } }
check_defaults: { interval: 100ms, timeout: 1s, retries: 0, retry_delay: 20ms, rise: 1, warmup: 10ms }
services:
  http: { listen: '10.77.1.100:80', mode: dr, scheduler: wrr, fail_open: { share: 100% }, checks: [${checks}] }
`;
}

async function serving(checks: string): Promise<void> {
  await agent.start();
  expect(await agent.request('PUT', '/v1/config', storedConfig(topology(checks)))).toMatchObject({ status: 200 });
}

/** Ends as the file of its realserver says. */
const SCRIPT = `{ script: [/bin/sh, -c, 'exit "$(cat ${folder}/$LVS_ADDRESS)"'], sets_weight: true, user: nobody }`;

/** To run anything as another user needs root. */
describe.runIf(process.getuid?.() === 0)('a script', () => {
  it('takes each realserver out and in, and sets its weight, by its exit code', async () => {
    await serving(SCRIPT);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=10 127.0.0.22:80=10');
    writeFileSync(at('127.0.0.21'), '5');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=3 127.0.0.22:80=10');
    expect((await agent.state()).checks).toMatchObject([{ verdict: 'up', weight: 3 }, { verdict: 'up' }]);
    expect(agent.lines.some((line) => line.includes('web1 gets weight 3 for http'))).toBe(true);
    writeFileSync(at('127.0.0.22'), '1');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=3 127.0.0.22:80=0');
    writeFileSync(at('127.0.0.22'), '255');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=3 127.0.0.22:80=253');
    writeFileSync(at('127.0.0.21'), '0');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=10 127.0.0.22:80=253');
  });

  it('has its weight kept over a restart of the agent, and gives way to a drain', async () => {
    await serving(SCRIPT);
    writeFileSync(at('127.0.0.21'), '5');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=3 127.0.0.22:80=10');
    await agent.stop();
    const before = agent.ipvs.changes.length;
    await agent.start();
    await eventually(async () => (await agent.state()).checks.every(({ latencyMs }) => latencyMs !== null)).toBe(true);
    expect(agent.ipvs.changes.slice(before)).toEqual([]);
    const drain = { realservers: ['web1'], owner: 'test' };
    expect(await agent.request('POST', '/v1/drain', drain)).toMatchObject({ status: 200 });
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=10');
  });

  it('that cannot be started, or does not end in time, is a failure and no weight', async () => {
    await serving('{ script: [/no/such/check], sets_weight: true, user: nobody }');
    await eventually(async () => (await agent.state()).checks.map(({ verdict }) => verdict)).toEqual(['down', 'down']);
    expect((await agent.state()).checks[0]).toMatchObject({
      lastError: expect.stringMatching(/ended with 127: lvs-run: /),
    });
    const hanging = '{ script: [/bin/sh, -c, "sleep 60 & sleep 60"], timeout: 200ms, sets_weight: true, user: nobody }';
    const next = storedConfig(topology(hanging), { generation: 2 });
    expect(await agent.request('PUT', '/v1/config', next)).toMatchObject({ status: 200 });
    await eventually(async () => (await agent.state()).checks.map(({ lastError }) => lastError)).toEqual(
      Array.from({ length: 2 }, () => '/bin/sh did not end within 200 ms'),
    );
  });
});

describe('several checks of one realserver', () => {
  it('must all pass', async () => {
    const up = at('up');
    writeFileSync(up, '');
    const realserver = await agent.realserver(1);
    await agent.realserver(2);
    await serving(`{ file: ${up} }, { tcp: ${realserver.port}, connect: { address: 127.0.0.21 } }`);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=10 127.0.0.22:80=10');
    rmSync(up);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=0');
    expect((await agent.state()).checks.map(({ check, verdict }) => `${check.split(' ')[0]} ${verdict}`)).toEqual([
      'file down',
      'tcp up',
      'file down',
      'tcp up',
    ]);
    writeFileSync(up, '');
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=10 127.0.0.22:80=10');
  });
});
