/** Two directors, both of their processes real: what notify runs on each through a fault, a failover and a stop for good. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configuration, instance } from '../vrrp/configuration.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';

const AGENT = resolve(import.meta.dirname, '../../src/agent.ts');
const VIP = '10.9.0.100';
let lan: VrrpLan;
beforeEach(() => {
  lan = new VrrpLan();
  lan.addHost('a', { eth1: '10.9.0.1' });
  lan.addHost('b', { eth1: '10.9.0.2' });
});
afterEach(() => lan.close());

/** A supervisor beside the VRRP process of a host, with a folder of its own. */
class Director {
  readonly vrrp: VrrpAgent;
  readonly #lan: VrrpLan;
  readonly #host: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #said = '';

  constructor(on: VrrpLan, host: string) {
    this.#lan = on;
    this.#host = host;
    this.#folder = join(on.dir, `agent-${host}`);
    mkdirSync(this.#folder);
    const tell = join(this.#folder, 'tell');
    writeFileSync(tell, `#!/bin/sh\necho "$LVS_FROM>$LVS_STATE" >>${this.#folder}/told\n`, { mode: 0o755 });
    const notify = { master: null, backup: null, fault: null, stop: null, any: [tell], user: 'root' };
    const config = configuration([instance({ notify })]);
    const stored = { generation: 1, hash: 'x', self: host, config };
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify(stored));
    this.vrrp = new VrrpAgent(on, host, config);
  }

  /** The supervisor first: so it sees the first transition, too. */
  async start(): Promise<this> {
    this.startSupervisor();
    await this.vrrp.start().connect();
    return this;
  }

  startSupervisor(): void {
    const at = (name: string): string => join(this.#folder, name);
    const files = ['--config', at('config.json'), '--socket', at('control.sock')];
    const shared = ['--vrrp-socket', join(this.#lan.dir, `${this.#host}.sock`)];
    const mark = ['--handover', join(this.#lan.dir, `${this.#host}.handover`)];
    this.#child = this.#lan.spawn(this.#host, [process.execPath, AGENT, ...files, ...shared, ...mark]);
    this.#said = '';
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#said += text;
    });
    this.#child.stderr?.resume();
  }

  async endSupervisor(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    const ended = new Promise((done) => child?.on('exit', done));
    child?.kill(signal);
    await ended;
  }

  get isLinked(): boolean {
    return this.#said.includes('the VRRP process answers');
  }

  get told(): string[] {
    const path = join(this.#folder, 'told');
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  tells(...states: string[]): Promise<boolean> {
    const what = (): string => `${this.#host} tells ${states}; it told ${this.told}`;
    return until(what, () => this.told.join() === states.join(), 20_000);
  }
}

it('tells of a failover in order on both directors, and once across a restart of the supervisor', async () => {
  const a = await new Director(lan, 'a').start();
  const b = await new Director(lan, 'b').start();
  await a.tells('>BACKUP', 'BACKUP>MASTER');
  await b.tells('>BACKUP');
  // The supervisor of b is away while b takes over.
  await b.endSupervisor('SIGKILL');
  lan.ip('lan', 'link set aeth1 down');
  await a.tells('>BACKUP', 'BACKUP>MASTER', 'MASTER>FAULT');
  await b.vrrp.reaches('MASTER');
  b.startSupervisor();
  await b.tells('>BACKUP', 'BACKUP>MASTER');
  lan.ip('lan', 'link set aeth1 up');
  await a.tells('>BACKUP', 'BACKUP>MASTER', 'MASTER>FAULT', 'FAULT>BACKUP');
  await b.endSupervisor('SIGTERM');
  b.startSupervisor();
  await until('the supervisor of b is linked again', () => b.isLinked);
  await Promise.all([b.vrrp.stopForGood(), b.endSupervisor('SIGTERM')]);
  expect(b.told).toEqual(['>BACKUP', 'BACKUP>MASTER', 'MASTER>STOP']);
  await a.tells('>BACKUP', 'BACKUP>MASTER', 'MASTER>FAULT', 'FAULT>BACKUP', 'BACKUP>MASTER');
  expect([lan.has('a', VIP), lan.has('b', VIP)]).toEqual([true, false]);
});
