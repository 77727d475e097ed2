/** Checks with `via: vip` through the whole agent, on a kernel that is faked: what is marked goes where the table says. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import type { StreamTarget } from '../../src/kernel/streams.ts';
import type { FromVrrp } from '../../src/vrrp/link.ts';
import { destinationKey, serviceKey } from '../../src/wire/ipvs.ts';
import { AgentFixture, type Realserver } from '../agent/agent-fixture.ts';
import { storedConfig } from '../agent/config.ts';
import { instanceReport } from '../agent/instance-report.ts';

let agent: AgentFixture;
let servers: Realserver[];
/** Whether the packets of probes keep their marks. */
let marksStay: boolean;

beforeEach(async () => {
  agent = new AgentFixture();
  agent.streams = new FakeStreams(balanced);
  marksStay = true;
  servers = [await agent.realserver(1), await agent.realserver(2)];
});
afterEach(() => agent.end());

/** Probes run every 100 ms; a busy machine may need seconds. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 10_000, interval: 10 });

/** By the service of its mark, as IPVS does it, else by that of the address, else to the director itself, where nobody listens. */
function balanced({ address, port, mark }: StreamTarget): { host: string; port: number } {
  const found = table.get(`fwm ${mark}`);
  const [key, destinations] =
    found !== undefined && marksStay
      ? [`fwm ${mark}`, found]
      : [`tcp ${address}:${port}`, table.get(`tcp ${address}:${port}`)];
  const [first] = destinations ?? [];
  if (first === undefined) return { host: '127.0.0.9', port: 9 };
  agent.ipvs.setCounters(key, first, { inactive: 1 });
  const [host = '', to = ''] = first.split(':');
  return { host, port: Number(to) };
}

/** What the kernel has, looked at again and again: a fake's reads are promises. */
let table = new Map<string, string[]>();
let watch: NodeJS.Timeout;
beforeEach(() => {
  const look = async (): Promise<void> => {
    const entries = await agent.ipvs.read();
    table = new Map(
      entries.map(({ service, destinations }) => [
        serviceKey(service.id),
        destinations.map(({ destination }) => destinationKey(destination)),
      ]),
    );
  };
  watch = setInterval(() => void look(), 1);
});
afterEach(() => clearInterval(watch));

function topology(check = '{ http: /, via: vip }'): string {
  const uses = servers.map(({ port }, index) => `{ name: web${index + 1}, port: ${port} }`).join(', ');
  return `
cluster: test
directors: { lb1: { dip: { eth1: 10.77.1.11 } } }
realservers:
  web1: { rip: 127.0.0.21, gateway: 10.77.1.101 }
  web2: { rip: 127.0.0.22, gateway: 10.77.1.101 }
vrrp: { public: { vrid: 51, vips: [10.77.1.100, 10.77.1.101], prefer: [lb1] } }
check_defaults: { interval: 100ms, timeout: 1s, retries: 0, rise: 1 }
services:
  web: { listen: '10.77.1.100:80', mode: nat, scheduler: rr, realservers: [${uses}], fail_open: { share: 100% }, checks: [${check}] }
`;
}

async function put(text: string, generation: number): Promise<void> {
  expect(await agent.request('PUT', '/v1/config', storedConfig(text, { generation }))).toMatchObject({ status: 200 });
}

const verdicts = async () => (await agent.state()).checks.map(({ realserver, verdict }) => `${realserver} ${verdict}`);
const marked = () => [...table.keys()].filter((key) => key.startsWith('fwm '));
const downs = () => agent.lines.filter((line) => line.includes(' is down for '));

describe('checks by the VIP', () => {
  beforeEach(async () => {
    await agent.start();
    await put(topology(), 1);
  });

  it('ask each realserver through IPVS, with its own mark and ports, by the director’s own address', async () => {
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
    await eventually(() => servers.every(({ requests }) => requests > 5)).toBe(true);
    const { targets } = agent.streams;
    expect(new Set(targets.map(({ address, port, from }) => `${address}:${port} from ${from?.address}`))).toEqual(
      new Set(['10.77.1.100:80 from 10.77.1.11']),
    );
    const marksOfPorts = Map.groupBy(targets, ({ from }) => from?.port);
    expect(marksOfPorts.size).toBe(8);
    for (const one of marksOfPorts.values()) expect(new Set(one.map(({ mark }) => mark)).size).toBe(1);
    expect((await agent.state()).checks[0]?.check).toBe('http 10.77.1.100:80 / through IPVS to 127.0.0.21');
  });

  it('find the one that fails, and only that', async () => {
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
    servers[0]!.behaviour = 'fail';
    await eventually(verdicts).toEqual(['web1 down', 'web2 up']);
    expect(downs()[0]).toContain('10.77.1.100:80 (through IPVS to 127.0.0.21) answered 502');
    servers[0]!.behaviour = 'serve';
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
  });

  it('have services of their own that nobody is shown, and that go with the checks', async () => {
    await eventually(() => marked().length).toBe(2);
    const { ipvs } = await agent.state();
    expect(ipvs.services.map(({ name, protocol }) => [name, protocol])).toEqual([['web', 'tcp']]);
    await put(topology('{ http: / }'), 2);
    await eventually(marked).toEqual([]);
    expect((await agent.state()).ipvs).toMatchObject({ leaving: [], inSync: true });
  });

  it('keep marks and ports when the agent is started anew', async () => {
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
    const seen = () => new Set(agent.streams.targets.map(({ mark, from }) => `${mark} ${from?.port}`));
    await eventually(() => seen().size).toBe(8);
    const before = seen();
    await agent.stop();
    agent.streams.targets.splice(0);
    await agent.start();
    await eventually(() => seen().size).toBe(8);
    expect(seen()).toEqual(before);
  });

  it('ask nobody while this director serves what it has handed over', async () => {
    const vrrp = await agent.startVrrp();
    await eventually(() => vrrp.connections).toBe(1);
    const report = (lameDuckUntil?: number): FromVrrp => ({
      ...{ type: 'report', latenessMs: { last: 0, worst: 0 } },
      instances: [instanceReport({ lameDuckUntil })],
    });
    vrrp.send(report(Date.now() + 60_000));
    servers[0]!.behaviour = 'fail';
    await eventually(async () => (await agent.state()).vrrp.instances[0]?.lameDuckUntil).toBeGreaterThan(0);
    const before = await verdicts();
    const { length } = agent.streams.targets;
    await new Promise((resolve) => setTimeout(resolve, 500)); // five intervals in which nothing shall happen
    expect([await verdicts(), agent.streams.targets.length - length]).toEqual([before, 0]);
    vrrp.send(report());
    await eventually(verdicts).toEqual(['web1 down', 'web2 up']);
  });

  it('blame nobody for a table that somebody empties', async () => {
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
    for (let round = 0; round < 3; round++) {
      await agent.ipvs.flush();
      await eventually(() => marked().length).toBe(0);
      await eventually(() => marked().length).toBe(2);
    }
    expect(await verdicts()).toEqual(['web1 up', 'web2 up']);
    expect(downs()).toEqual([]);
  });

  it('blame nobody when somebody takes their marks away, and say so', async () => {
    await eventually(verdicts).toEqual(['web1 up', 'web2 up']);
    marksStay = false;
    for (const key of marked())
      for (const one of table.get(key) ?? []) agent.ipvs.setCounters(key, one, { inactive: 0 });
    servers[0]!.behaviour = 'fail'; // the first of the service that they come to now
    await eventually(async () => (await agent.state()).alarms.join('\n')).toMatch(
      /a check via: vip cannot be made: 127\.0\.0\.21 for 10\.77\.1\.100:80: what was sent did not come to IPVS with mark \d+/,
    );
    expect(await verdicts()).toEqual(['web1 up', 'web2 up']);
    servers[0]!.behaviour = 'serve';
    marksStay = true;
    await eventually(async () => (await agent.state()).alarms.join('\n')).not.toContain('via: vip');
    expect(agent.lines.join()).toContain('checks via: vip can be made again');
  });
});

it('a director that cannot send says so, and blames nobody', async () => {
  agent.streams = new FakeStreams(() => 'EADDRNOTAVAIL');
  await agent.start();
  await put(topology(), 1);
  await eventually(async () => (await agent.state()).alarms.join('\n')).toContain(
    'a check via: vip cannot be made: 10.77.1.100:80 (through IPVS to 127.0.0.21) cannot be asked from the address or port',
  );
  expect(await verdicts()).toEqual(['web1 unknown', 'web2 unknown']);
});
