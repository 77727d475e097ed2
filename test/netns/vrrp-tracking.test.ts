/**
 * What instances track, end to end: the real supervisor and the real VRRP process of each director, files, links, scripts and
 * realservers that are there or not. Who holds the VIP is asked of the kernel.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadTopology } from '../../src/config/load.ts';
import { type AgentState, agentState } from '../../src/status/state.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const VIP = '10.9.0.100';
let lan: VrrpLan;

beforeEach(() => {
  lan = new VrrpLan();
  for (const [host, last] of [['a', 1], ['b', 2]] as const) // biome-ignore format: a table
    lan.addHost(host, { eth1: `10.9.0.${last}`, eth2: `10.9.1.${last}` });
});
afterEach(() => lan.close());

/** One director: both processes, started as their units do. */
class Director {
  readonly host: string;
  readonly vrrp: VrrpAgent;
  readonly lines: string[] = [];
  readonly #config: string;
  #supervisor: ChildProcess | undefined;

  constructor(host: string, config: Config) {
    this.host = host;
    this.#config = join(lan.dir, host, 'config.json');
    execFileSync('mkdir', ['-p', join(lan.dir, host)]);
    writeFileSync(this.#config, JSON.stringify({ generation: 1, hash: 'x', self: host, config }));
    this.vrrp = new VrrpAgent(lan, host, config);
  }

  async start(): Promise<this> {
    this.vrrp.start();
    await this.startSupervisor();
    await this.vrrp.connect();
    return this;
  }

  /** Until it answers. */
  async startSupervisor(): Promise<void> {
    const paths = {
      config: this.#config,
      socket: join(lan.dir, this.host, 'control.sock'),
      'vrrp-socket': join(lan.dir, `${this.host}.sock`),
      handover: join(lan.dir, this.host, 'handover'),
    };
    const argv = Object.entries(paths).flatMap(([name, value]) => [`--${name}`, value]);
    this.#supervisor = lan.spawn(this.host, [process.execPath, join(ROOT, 'src/agent.ts'), ...argv]);
    this.#supervisor.stdout?.on('data', (text: Buffer) => this.lines.push(text.toString()));
    this.#supervisor.stderr?.on('data', (text: Buffer) => this.lines.push(text.toString()));
    await until(
      () => `the agent of ${this.host} answers; it says ${this.lines.join('')}`,
      () => existsSync(paths.socket),
    );
  }

  async stopSupervisor(): Promise<void> {
    const child = this.#supervisor;
    const ended = new Promise((done) => child?.once('exit', done));
    child?.kill('SIGTERM');
    await ended;
  }

  ask(path: string): string {
    return lan.exec(
      this.host,
      'curl',
      '-s',
      '--unix-socket',
      join(lan.dir, this.host, 'control.sock'),
      `http://x${path}`,
    );
  }

  state(): AgentState {
    return agentState.parse(JSON.parse(this.ask('/v1/state')));
  }
}

/** The VIP's instance in short intervals; `more` are its other keys, `top` other sections. */
function config(more: string, top = ''): Config {
  const text = `cluster: test
directors: { a: { dip: { eth1: 10.9.0.1, eth2: 10.9.1.1 } }, b: { dip: { eth1: 10.9.0.2, eth2: 10.9.1.2 } } }
${top}
vrrp:
  public:
    { vrid: 51, vips: [${VIP}], prefer: [a, b], advert_interval: 200ms, start_after: { link_up: 0s, verdicts: false }, ${more} }
`;
  const loaded = loadTopology(text, 't');
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.unsupported).toEqual([]);
  return JSON.parse(JSON.stringify(loaded.config)) as Config;
}

async function pair(of: Config): Promise<{ a: Director; b: Director }> {
  const a = await new Director('a', of).start();
  await owner('a');
  return { a, b: await new Director('b', of).start() };
}

/** Answers TCP on port 8080 of the realservers' host. */
function listener(address: string): ChildProcess {
  const program = `require('node:net').createServer((socket) => socket.destroy()).listen(8080, '${address}')`;
  return lan.spawn('w', [process.execPath, '-e', program]);
}

const owner = (host: string): Promise<unknown> =>
  until(`${host} alone holds the VIP`, () => ['a', 'b'].filter((one) => lan.has(one, VIP)).join() === host);

describe('the VIP moves', () => {
  it.each([
    ['FAULT: who is back is not preferred', '0', false, 'FAULT'],
    ['a weight: and comes back', '-20', true, 'BACKUP'],
  ])('while a file exists, with %s', async (_name, weight, preempt, state) => {
    const hold = join(lan.dir, 'hold');
    // Each director looks at a file of its own: only a's is made.
    const of = (path: string) =>
      config(`preempt: ${preempt}, track: { files: [{ path: ${path}, weight: ${weight} }] }`);
    const a = await new Director('a', of(hold)).start();
    await owner('a');
    const b = await new Director('b', of(`${hold}.b`)).start();
    writeFileSync(hold, '');
    await owner('b');
    await a.vrrp.reaches(state as 'FAULT' | 'BACKUP');
    await until('the state says it', () => a.state().alarms.includes(`file ${hold} exists`));
    expect(a.state().vrrp.instances[0]?.trackers).toMatchObject([
      { kind: 'file', name: hold, state: 'down', isDown: true },
    ]);
    rmSync(hold);
    await owner(preempt ? 'a' : 'b');
    const ofFile = (one: Director) => one.state().alarms.filter((alarm) => alarm.startsWith('file '));
    await until('the state says it', () => ofFile(a).length === 0);
    expect(ofFile(b)).toEqual([]);
    await until('the journal says it', () => a.lines.join('').includes(`file ${hold} is gone`));
  });

  it('when a tracked interface goes down, and back with it', async () => {
    const { a } = await pair(config('preempt: true, track: { interfaces: [{ name: eth2, weight: -20 }] }'));
    lan.ip('lan', 'link set aeth2 down');
    await owner('b');
    expect((await a.vrrp.reaches('BACKUP')).priority).toBe(90);
    lan.ip('lan', 'link set aeth2 up');
    await owner('a');
  });

  it('when too few realservers of a service live, on the director that does not reach them', async () => {
    lan.addHost('w', { eth2: '10.9.1.3' });
    lan.ip('w', 'addr add 10.9.1.4/24 dev eth2');
    const [web1, web2] = ['10.9.1.3', '10.9.1.4'].map((address) => listener(address));
    const top = `
realservers: { web1: { rip: 10.9.1.3 }, web2: { rip: 10.9.1.4 } }
sync: { enabled: false }
check_defaults: { interval: 200ms, timeout: 200ms, retries: 0, warmup: 0s, rise: 1 }
services: { http: { listen: "${VIP}:80", mode: dr, checks: [{ tcp: 8080 }] } }`;
    const { a } = await pair(config('preempt: true, track: { services: [{ name: http, weight: -20 }] }', top));
    const verdicts = (): string =>
      a
        .state()
        .checks.map(({ verdict }) => verdict)
        .join();
    await until('both realservers are up', () => verdicts() === 'up,up');
    web1?.kill('SIGKILL');
    await until('one is down', () => verdicts() === 'down,up');
    expect(a.vrrp.instance()).toMatchObject({ state: 'MASTER', priority: 110 });
    lan.cut('a', 'eth2');
    await owner('b');
    expect(a.state().alarms).toContain('service http is down');
    lan.heal('a', 'eth2');
    await owner('a');
    expect(web2?.exitCode).toBeNull();
  });

  it('when a script fails, which runs as nobody; a restart of the agent that knows nothing yet moves nothing', async () => {
    const [script, flag] = [join(lan.dir, 'check.sh'), join(lan.dir, 'flag')];
    chmodSync(lan.dir, 0o755);
    const onB = 'ip -4 -o addr show dev eth1 | grep -q 10.9.0.2';
    writeFileSync(script, `#!/bin/sh\n[ "$(id -un)" = nobody ] || exit 9\n${onB} || [ ! -e ${flag} ]\n`);
    chmodSync(script, 0o755);
    const scripts = `scripts: { own: { run: [${script}], interval: 200ms, timeout: 2s, user: nobody, start: down } }`;
    const { a } = await pair(config('preempt: true, track: { scripts: [own] }', scripts));
    writeFileSync(flag, '');
    await owner('b');
    await a.vrrp.reaches('FAULT');
    expect(a.state().vrrp.instances[0]?.trackers[0]?.error).toMatch(/check\.sh ended with 1/);
    rmSync(flag);
    await owner('a');
    const { since } = await a.vrrp.reaches('MASTER');
    await a.stopSupervisor();
    a.lines.length = 0;
    await a.startSupervisor();
    await until('the new supervisor knows the script', () => a.lines.join('').includes('script own is up'));
    const now = a.vrrp.instance();
    expect(now?.state).toBe('MASTER');
    // told on the wall clock, kept on the monotonic one: a millisecond may lie between two readings
    expect(Math.abs((now?.since ?? 0) - since)).toBeLessThan(100);
    expect(a.vrrp.transitions.at(-1)?.to).toBe('MASTER');
  });

  it('not before preempt_delay is over', async () => {
    const hold = join(lan.dir, 'hold');
    const of = (path: string) =>
      config(`preempt: true, preempt_delay: 3s, track: { files: [{ path: ${path}, weight: -20 }] }`);
    const a = await new Director('a', of(hold)).start();
    await owner('a');
    await new Director('b', of(`${hold}.b`)).start();
    const startedMs = performance.now();
    writeFileSync(hold, '');
    await until('the priority is lower', () => a.vrrp.instance()?.priority === 90);
    await owner('b');
    expect(performance.now() - startedMs).toBeGreaterThan(3000);
  });

  it('never to where a script of root is for others to change: it is refused, and the state says why', async () => {
    const script = join(lan.dir, 'root.sh');
    chmodSync(lan.dir, 0o755);
    writeFileSync(script, '#!/bin/sh\nexit 0\n');
    chmodSync(script, 0o777);
    const scripts = `scripts: { own: { run: [${script}], interval: 200ms, user: root } }`;
    const a = await new Director('a', config('track: { scripts: [own] }', scripts)).start();
    await a.vrrp.reaches('FAULT');
    const refusal = `script own is down: ${script} is not run as root: others than root can change ${script}`;
    await until('the state says it', () => a.state().alarms.includes(refusal));
    await until('the journal says it', () => a.lines.join('').includes(refusal));
    chmodSync(script, 0o755);
    await owner('a');
    expect(a.ask('/v1/metrics')).toContain('lvs_vrrp_tracker_down{instance="public",kind="script",tracker="own"} 0\n');
  });
});
