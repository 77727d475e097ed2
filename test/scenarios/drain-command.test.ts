/** drain and undrain as whole programs, over SSH, at two agents on fake kernels: what is printed, what is done, how it ends. */
import { randomInt } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { storedConfig, webTopology } from '../agent/config.ts';
import { KEY, keyText } from '../agent/exchange/directors.ts';
import { type Sshd, startSshd } from '../ssh/sshd.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HTTP = 'tcp 10.77.1.100:80';
const WEB1 = '127.0.0.21:80';
const SERVING = '127.0.0.21:80=1 127.0.0.22:80=2';
const DRAINED = '127.0.0.21:80=0 127.0.0.22:80=2';
/** The port of the exchange is fixed, and another run of this test may be on this machine. */
const host = randomInt(1, 250);

/** An agent, and the way to it. */
class Director {
  readonly name: string;
  readonly agent = new AgentFixture();
  #sshd: Sshd | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get ssh(): Sshd {
    if (this.#sshd === undefined) throw new Error(`${this.name} is not there yet`);
    return this.#sshd;
  }

  async start(topology: string): Promise<void> {
    writeFileSync(join(this.agent.folder, 'exchange.key'), keyText(KEY), { mode: 0o600 });
    await this.agent.startVrrp();
    await this.agent.start();
    await this.agent.request('PUT', '/v1/config', storedConfig(topology, { self: this.name }));
  }

  /** In a mount namespace in which the agent is where a director has it. */
  async listen(): Promise<void> {
    const release = join(this.agent.folder, 'current');
    mkdirSync(release, { recursive: true });
    copyFileSync(resolve(ROOT, 'dist/native', process.arch, 'stdio'), join(release, 'stdio'));
    const prepare = `mount -t tmpfs none /opt && mkdir -p /opt/lvs-agent/current && mount --bind "$1" /opt/lvs-agent/current &&
      mount -t tmpfs none /run && mkdir /run/sshd && ln -s "$2" /run/lvs-agent && shift 2 && exec "$@"`;
    const wrap = [
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      prepare,
      'sh',
      release,
      this.agent.folder,
    ];
    this.#sshd = await startSshd({ wrap });
  }

  async end(): Promise<void> {
    await this.#sshd?.stop();
    await this.agent.end();
  }
}

const [lb1, lb2] = [new Director('lb1'), new Director('lb2')];
const both = [lb1, lb2] as const;
let files: readonly string[];

beforeAll(async () => {
  await buildNative();
  const servers = [await lb1.agent.realserver(1), await lb1.agent.realserver(2)];
  const topology = webTopology({ ports: servers.map(({ port }) => port) })
    .replace('eth1: 10.77.1.11', `eth1: 127.9.${host}.11`)
    .replace('eth1: 10.77.1.12', `eth1: 127.9.${host}.12`);
  await Promise.all(both.map((one) => one.start(topology)));
  await Promise.all(both.map((one) => one.listen()));
  const hosts = both.map(({ name, ssh: { port, folder } }) => {
    const common = `-o UserKnownHostsFile=${folder}/known_hosts -o StrictHostKeyChecking=yes`;
    const keys = `ansible_host: 127.0.0.1, ansible_port: ${port}, ansible_user: root, ansible_private_key_file: ${folder}/id`;
    return `    ${name}: { ${keys}, ansible_ssh_common_args: '${common}' }\n`;
  });
  const [path, inventory] = ['topology.yaml', 'inventory.yaml'].map((name) => join(lb1.agent.folder, name));
  writeFileSync(path ?? '', topology);
  writeFileSync(inventory ?? '', `all:\n  hosts:\n${hosts.join('')}    web1: {}\n    web2: {}\n`);
  files = ['-t', path ?? '', '-i', inventory ?? ''];
});
afterAll(() => Promise.all(both.map((one) => one.end())));
beforeEach(async () => {
  for (const { agent } of both) {
    await agent.request('POST', '/v1/undrain', { realservers: ['web1', 'web2'] });
    await expect.poll(() => agent.weights(), { timeout: 15_000 }).toBe(SERVING);
    agent.ipvs.setCounters(HTTP, WEB1, { active: 0, inactive: 0 });
  }
});

function start(...args: string[]) {
  return execa(process.execPath, [resolve(ROOT, 'src/cli.ts'), ...args, ...files], {
    ...{ cwd: '/', reject: false, stdin: 'ignore', timeout: 60_000 },
    env: { NO_COLOR: '1', LVSCTL_TOPOLOGY: undefined },
  });
}

const lvsctl = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await start(...args);
  return { exitCode, stdout, stderr };
};
const count = (counters: { active?: number; inactive?: number }) => lb1.agent.ipvs.setCounters(HTTP, WEB1, counters);
const weights = () => Promise.all(both.map(({ agent }) => agent.weights()));

describe.runIf(userInfo().uid === 0)('lvsctl drain', () => {
  it('drains at every director, and shows so in status until undrain', async () => {
    count({ active: 2, inactive: 1 });
    expect(await lvsctl('drain', 'web1', '--reason', 'new kernel', '--for', '2h')).toEqual({
      exitCode: 0,
      stdout: 'web1 is drained: nothing new arrives; 2 active, 1 inactive at lb1; nothing at lb2',
      stderr: expect.stringMatching(
        /^hint: lvsctl drain web1 -t \S+ -i \S+ --wait waits until it is empty; lvsctl undrain web1 -t \S+ -i \S+ gives its weight back$/,
      ),
    });
    expect(await weights()).toEqual([DRAINED, DRAINED]);
    const { overrides, at } = await lb2.agent.state();
    expect(overrides).toMatchObject([{ realserver: 'web1', service: null, reason: 'new kernel' }]);
    expect(Math.abs((overrides[0]?.until ?? 0) - at - 7_200_000)).toBeLessThan(60_000);
    const status = await lvsctl('status');
    expect(status.stdout).toMatch(/^web1 +all +0 +all directors +\S+ \S+ +\S+ \S+ +\S+@\S+ +new kernel$/m);
    expect(await lvsctl('undrain', 'web1', 'web2')).toEqual({
      exitCode: 0,
      stdout: 'web1 is drained no longer: weight 1 in http\nweb2 is not drained',
      stderr: '',
    });
  });

  it('waits until nothing is left, and counts down meanwhile', async () => {
    count({ active: 2 });
    const draining = start('drain', 'web1', '--wait');
    let said = '';
    draining.stderr?.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    await expect
      .poll(() => said, { timeout: 30_000 })
      .toMatch(/^\d\d:\d\d:\d\d web1: 2 active at lb1; nothing at lb2$/m);
    count({ active: 0 });
    const { exitCode, stdout } = await draining;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^web1 is drained and empty after \S+ s$/);
  });

  it('ends with 3 when the time is over, with 130 when it is interrupted, and says what stays', async () => {
    count({ active: 2 });
    const late = await lvsctl('drain', 'web1', '--timeout', '1s', '--json');
    expect([late.exitCode, JSON.parse(late.stdout)]).toMatchObject([
      3,
      {
        schema: 1,
        cluster: 'test',
        realservers: [
          { realserver: 'web1', services: ['http'], outcome: 'timeout', left: [{ active: 2 }, { active: 0 }] },
        ],
        directors: [
          { director: 'lb1', outcome: 'done' },
          { director: 'lb2', outcome: 'done' },
        ],
      },
    ]);
    expect(late.stderr).toContain(
      'error: web1 is not empty after 1 s, and stays drained: 2 active at lb1; nothing at lb2\n',
    );
    const draining = start('drain', 'web1', '--wait');
    draining.stderr?.once('data', () => draining.kill('SIGINT'));
    const { exitCode, stderr } = await draining;
    expect(exitCode, stderr).toBe(130);
    expect(stderr).toContain('warning: web1 stays drained: 2 active at lb1; nothing at lb2\n');
    expect(stderr).toMatch(/; lvsctl undrain web1 -t \S+ -i \S+ gives its weight back$/m);
    expect(await weights()).toEqual([DRAINED, DRAINED]);
  });

  it('refuses to take the last one out, unless forced', async () => {
    expect(await lvsctl('drain', 'web*')).toEqual({
      exitCode: 3,
      stdout: '',
      stderr:
        'error: nothing is drained: http would keep weight 0 of 3, and its quorum is 1\n  --force drains all the same',
    });
    expect(await weights()).toEqual([SERVING, SERVING]);
    const { exitCode, stderr } = await lvsctl('drain', 'web*', '--force');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning: http would keep weight 0 of 3, and its quorum is 1\n');
    expect(await lb2.agent.weights()).toBe('127.0.0.21:80=0 127.0.0.22:80=0');
  });

  it('does not undrain for one service what is drained in all', async () => {
    await lvsctl('drain', 'web1');
    const { exitCode, stderr } = await lvsctl('undrain', 'web1', '--service', 'http');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('error: web1 is drained in all services\n')]);
    expect(await weights()).toEqual([DRAINED, DRAINED]);
  });

  // the last: its way to lb2 does not come back
  it('drains at the others when a director cannot be reached, which learns it from them', async () => {
    await lb2.ssh.stop();
    const { exitCode, stdout, stderr } = await lvsctl('drain', 'web1');
    expect(exitCode, stderr).toBe(4);
    expect(stdout).toBe(
      'web1 is drained at lb1: nothing new arrives there; what lb2 sends it is not known; nothing at lb1',
    );
    expect(stderr).toMatch(/^error: lb2 was not told: lb2 .*$/m);
    expect(stderr).toContain('hint: lb1 tells it as soon as it is back, before it can be MASTER');
    await expect.poll(() => lb2.agent.weights(), { timeout: 15_000 }).toBe(DRAINED);
    expect((await lvsctl('drain', 'web1', '--wait')).stdout).toMatch(
      /empty after \S+ s at lb1; what lb2 may have is not known$/,
    );
    const back = await lvsctl('undrain', 'web1');
    expect([back.exitCode, back.stdout]).toEqual([4, 'web1 is drained no longer: weight 1 in http']);
    await expect.poll(() => lb2.agent.weights(), { timeout: 15_000 }).toBe(SERVING);
  });
});
