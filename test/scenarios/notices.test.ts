/** Who is told of what happens on a director: real commands, a real mail server and webhook, and the agent restarted in between. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/status/alert.ts';
import type { AgentEvent } from '../../src/status/event.ts';
import type { InstanceReport } from '../../src/vrrp/link.ts';
import { AgentFixture, type FakeVrrp, type Realserver } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { instanceState } from '../facts/agent-state.ts';
import { SmtpServer } from './smtp-server.ts';

/** Mails gather for 2 s; a busy machine may need as long again for each step. */
const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 15_000, interval: 20 });
const isRoot = process.getuid?.() === 0;
const [PASSWORD, TOKEN] = ['hunter2', 't0ken'];

let agent: AgentFixture;
let vrrp: FakeVrrp;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  agent = new AgentFixture();
  vrrp = await agent.startVrrp();
});
afterEach(async () => {
  await agent.end();
  for (const close of closing.splice(0)) await close();
});

type State = InstanceReport['state'];
const report = (state: State) =>
  vrrp.send({
    type: 'report',
    latenessMs: { last: 0, worst: 0 },
    instances: [instanceState({ state, cause: 'as found' }) as InstanceReport],
  });
function go(from: State, to: State): void {
  const cause = `from ${from}`;
  vrrp.send({ type: 'transition', instance: 'public', from, to, cause, at: Date.now(), priority: 110 });
}
async function events(): Promise<AgentEvent[]> {
  const text = await agent.text('/v1/events');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AgentEvent);
}
const alerts = () => readdirSync(join(agent.folder, 'alerts'));

/** The agent with this topology, linked with a VRRP process that says `state`. */
async function started(topology: string, state: State = 'BACKUP'): Promise<void> {
  await agent.start();
  expect(await agent.request('PUT', '/v1/config', storedConfig(topology))).toMatchObject({ status: 200 });
  await linked(state);
}
async function linked(state: State): Promise<void> {
  await eventually(async () => {
    report(state);
    return (await agent.state()).vrrp.instances[0]?.state;
  }).toBe(state);
}

describe.runIf(isRoot)('notify', () => {
  let folder: string;
  let topology: string;
  beforeAll(() => {
    execFileSync(process.execPath, [join(import.meta.dirname, '../../bin/build-native.ts')], { stdio: 'ignore' });
  }, 60_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'notices-'));
    chmodSync(folder, 0o755);
    closing.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'told'), '');
    chmodSync(join(folder, 'told'), 0o666);
    // Long enough that a second one would overlap, if it were started too early.
    const script = `#!/bin/sh
echo "begin $* [$(id -un) $LVS_NAME $LVS_FROM>$LVS_STATE $LVS_CAUSE]" >>${folder}/told
sleep 0.1
echo "said $1"
echo end >>${folder}/told
`;
    writeFileSync(join(folder, 'tell'), script, { mode: 0o755 });
    const commands = ['master', 'backup', 'fault', 'stop'].map((state) => `${state}: [${folder}/tell, ${state}]`);
    const notify = `notify: { ${commands.join(', ')}, any: [${folder}/tell, any], user: nobody }`;
    topology = webTopology({ ports: [1] }).replace('prefer: [lb1, lb2] }', `prefer: [lb1, lb2], ${notify} }`);
  });
  const told = () => readFileSync(join(folder, 'told'), 'utf8').split('\n').slice(0, -1);
  const begun = () => told().filter((line) => line.startsWith('begin'));

  it('runs in the order of the transitions, none overlapping, none as root', async () => {
    await started(topology);
    go('BACKUP', 'MASTER');
    go('MASTER', 'FAULT');
    await eventually(() => told().length).toBe(12);
    expect(told().filter((_line, index) => index % 2 === 1)).toEqual(Array(6).fill('end'));
    expect(begun()).toEqual([
      'begin backup [nobody public >BACKUP as found]',
      'begin any INSTANCE public BACKUP 110 [nobody public >BACKUP as found]',
      'begin master [nobody public BACKUP>MASTER from BACKUP]',
      'begin any INSTANCE public MASTER 110 [nobody public BACKUP>MASTER from BACKUP]',
      'begin fault [nobody public MASTER>FAULT from MASTER]',
      'begin any INSTANCE public FAULT 110 [nobody public MASTER>FAULT from MASTER]',
    ]);
    const seen = (await events()).filter(({ kind }) => kind === 'vrrp' || kind === 'notify');
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(seen.filter(({ message }) => message.startsWith('public')).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^public is BACKUP since .* \(as found\)$/),
      'public: BACKUP → MASTER (from BACKUP)',
      'public: MASTER → FAULT (from MASTER)',
    ]);
    expect(seen.filter(({ kind }) => kind === 'notify').map(({ message }) => message)).toContain(
      'notify master of public (MASTER) is done: said master',
    );
  });

  it('runs once across a restart, and then for what is new', async () => {
    await started(topology, 'MASTER');
    await eventually(() => told().length).toBe(4);
    await agent.restart();
    await linked('MASTER');
    await agent.restart();
    await linked('BACKUP');
    await eventually(() => told().length).toBe(8);
    expect(begun().map((line) => line.split(' ')[1])).toEqual(['master', 'any', 'backup', 'any']);
  });

  it('runs stop at a stop for good, before the agent has ended, and not at a restart', async () => {
    await started(topology, 'MASTER');
    await eventually(() => told().length).toBe(4);
    writeFileSync(join(agent.folder, 'handover'), '');
    const stopped = agent.stop();
    go('MASTER', 'INIT');
    await stopped;
    expect(begun().slice(2)).toEqual([
      'begin stop [nobody public MASTER>STOP from MASTER]',
      'begin any INSTANCE public STOP 110 [nobody public MASTER>STOP from MASTER]',
    ]);
  });

  it('refuses what root shall run and others can change', async () => {
    chmodSync(join(folder, 'tell'), 0o777);
    await started(topology.replace('user: nobody', 'user: root'), 'MASTER');
    await eventually(async () => (await events()).filter(({ kind }) => kind === 'notify').at(-1)?.message).toBe(
      `notify any of public (MASTER) failed: ${folder}/tell is not run as root: others than root can change ${folder}/tell`,
    );
    expect(told()).toEqual([]);
  });
});

describe('alerts', () => {
  let mail: SmtpServer;
  let posted: Alert[];
  let isHookDown: boolean;
  let topology: string;
  let realserver: Realserver;
  beforeEach(async () => {
    mail = await new SmtpServer().start();
    closing.push(() => mail.stop());
    [posted, isHookDown] = [[], false];
    const hook = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      request.on('end', () => {
        if (!isHookDown) posted.push(JSON.parse(text) as Alert);
        response.writeHead(isHookDown ? 503 : 200).end();
      });
    });
    realserver = await agent.realserver(1);
    topology = webTopology({ ports: [realserver.port] }).replace(
      'check_defaults',
      `${alertsTo(mail.port, await port(hook))}\ncheck_defaults`,
    );
  });
  async function port(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  const alertsTo = (mailPort: number, hookPort: number) => `alerts:
  smtp: { server: "127.0.0.1:${mailPort}", from: lvs@example.com, to: [ops@example.com], tls: none, user: lvs, password: ${PASSWORD} }
  webhook: { url: "http://127.0.0.1:${hookPort}/${TOKEN}", headers: { authorization: "Bearer ${TOKEN}" } }`;

  it('tell a failover once each by webhook, and in one mail', async () => {
    await started(topology);
    go('BACKUP', 'MASTER');
    go('MASTER', 'FAULT');
    go('FAULT', 'BACKUP');
    await eventually(() => mail.taken.length).toBe(1);
    expect(posted.map(({ from, to, cause }) => `${from} → ${to} (${cause})`)).toEqual([
      'BACKUP → MASTER (from BACKUP)',
      'MASTER → FAULT (from MASTER)',
      'FAULT → BACKUP (from FAULT)',
    ]);
    expect(mail.taken[0]).toMatchObject({ helo: 'lb1', login: `lvs:${PASSWORD}`, to: ['ops@example.com'] });
    await eventually(alerts).toEqual([]);
    expect((await events()).filter(({ kind }) => kind === 'alert').map(({ message }) => message)).toContain(
      `3 alerts sent by mail to 127.0.0.1:${mail.port}`,
    );
  });

  it('outlive a mail server that is away and a restart of the agent, and no secret is written anywhere', async () => {
    await started(topology);
    const { port: mailPort } = mail;
    await mail.stop();
    isHookDown = true;
    go('BACKUP', 'MASTER');
    const wait =
      /1 alerts wait to be sent by (mail|webhook) to 127\.0\.0\.1:\d+: (connect ECONNREFUSED|it answers 503)/;
    await eventually(async () => (await agent.state()).alarms.filter((alarm) => wait.test(alarm)).length).toBe(2);
    expect(alerts()).toHaveLength(1);
    const spooled = readFileSync(join(agent.folder, 'alerts', alerts()[0]!), 'utf8');
    await agent.stop();
    mail = await new SmtpServer().start(mailPort);
    isHookDown = false;
    await agent.start();
    await linked('MASTER');
    await eventually(() => mail.taken.length).toBe(1);
    await eventually(() => posted.map(({ to, late }) => [to, late])).toEqual([['MASTER', false]]);
    await eventually(alerts).toEqual([]);
    for (const text of [spooled, ...agent.lines, JSON.stringify(await events()), JSON.stringify(await agent.state())])
      for (const secret of [PASSWORD, Buffer.from(PASSWORD).toString('base64'), TOKEN])
        expect(text).not.toContain(secret);
  });

  it('tell what the agent finds when it comes back', async () => {
    await started(topology);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1');
    await agent.restart();
    await linked('MASTER');
    await eventually(() => posted.map(({ from, to, late }) => [from, to, late])).toEqual([['BACKUP', 'MASTER', true]]);
  });

  it('are tried at once at a stop for good', async () => {
    await started(topology);
    go('BACKUP', 'MASTER');
    await eventually(() => posted.length).toBe(1);
    writeFileSync(join(agent.folder, 'handover'), '');
    const stopped = agent.stop();
    go('MASTER', 'INIT');
    await stopped;
    expect(posted.map(({ to }) => to)).toEqual(['MASTER', 'STOP']);
    expect(mail.taken).toHaveLength(1);
    expect(alerts()).toEqual([]);
  });

  it('tell of a realserver that goes down and comes back, and of its service', async () => {
    await started(topology);
    await eventually(() => realserver.requests).toBeGreaterThan(1);
    await eventually(() => agent.weights()).toBe('127.0.0.21:80=1');
    realserver.behaviour = 'fail';
    const said = () => posted.map(({ kind, name, from, to }) => `${kind} ${name}: ${from} → ${to}`);
    await eventually(said).toEqual(['realserver web1: up → down', 'service http: up → down']);
    expect(posted[0]?.cause).toMatch(/^127\.0\.0\.21:\d+ answered 502/);
    realserver.behaviour = 'serve';
    await eventually(() => said().slice(2)).toEqual(['realserver web1: down → up', 'service http: down → up']);
  });
});
