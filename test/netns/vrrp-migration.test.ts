/**
 * A mixed pair from one pair of files: a real keepalived with its keepalived.conf, and one of our VRRP processes with what
 * `lvsctl import` makes of both. Who owns the VIP is seen on the hosts, what was said by tcpdump.
 */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { importKeepalived } from '../../src/convert/keepalived/import.ts';
import { mixedFor } from '../../src/desired/mixed.ts';
import { raisedFor } from '../../src/playbook/migration/raised.ts';
import { VrrpAgent } from './vrrp/agent.ts';
import { VrrpLan } from './vrrp/lan.ts';
import { until } from './vrrp/until.ts';
import type { Witness } from './vrrp/witness.ts';

const CASE = resolve(import.meta.dirname, '../convert/keepalived/cases/pair');
const ADDRESS = { lb1: '10.77.1.11', lb2: '10.77.1.12' } as const;
const VIP = '10.77.1.100';
type Name = keyof typeof ADDRESS;

let lan: VrrpLan;
let witness: Witness;

beforeEach(async () => {
  lan = new VrrpLan();
  for (const [name, address] of Object.entries(ADDRESS)) lan.addHost(name, { eth1: address });
  witness = await lan.watch();
});
afterEach(() => lan.close());

const textOf = (name: Name): string => readFileSync(join(CASE, `${name}.conf`), 'utf8');

function imported(change: (text: string) => string): Config {
  const files = (['lb1', 'lb2'] as const).map((name) => ({
    director: name,
    file: { name, text: change(textOf(name)) },
  }));
  const { topology } = importKeepalived({
    ...{ files, include: () => [], addresses: [], names: new Map(), cluster: 'shop', secrets: 'text' },
  });
  // IPVS and its sync are not in a namespace of every kernel; here it is about VRRP. lb1 runs keepalived.
  return mixedFor({ ...topology!.config, services: [] }, ['lb1']);
}

class Keepalived {
  readonly #host: Name;
  readonly #text: string;
  readonly #said: string[] = [];
  #child: ChildProcess | undefined;

  constructor(host: Name, change: (text: string) => string) {
    this.#host = host;
    this.#text = change(textOf(host)).replace(/lvs_sync_daemon.*/, '');
  }

  async start(): Promise<this> {
    const file = (name: string): string => join(lan.dir, `${this.#host}-${name}`);
    writeFileSync(file('keepalived.conf'), this.#text, { mode: 0o600 });
    const pids = ['-p', file('keepalived.pid'), '-r', file('vrrp.pid')];
    this.#said.length = 0;
    this.#child = lan.spawn(this.#host, ['keepalived', '-n', '-l', '-P', '-f', file('keepalived.conf'), ...pids]);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => this.#said.push(text.toString()));
    await until(
      () => `keepalived takes part; it says ${this.#said.join('')}`,
      () => /Entering (BACKUP|MASTER) STATE/.test(this.#said.join('')),
    );
    return this;
  }

  /** @returns when it has ended: one that starts before says that it runs already */
  async stop(): Promise<void> {
    const child = this.#child;
    const ended = new Promise((done) => child?.on('exit', done));
    child?.kill('SIGTERM');
    await ended;
  }
}

const owners = (): string => (['lb1', 'lb2'] as const).filter((name) => lan.has(name, VIP)).join();
const owned = (by: Name): Promise<unknown> =>
  until(`${by} alone has the VIP, not ${owners()}`, () => owners() === by, 20_000, 50);
const lastOf = (name: Name): number => witness.last(ADDRESS[name])?.atMs ?? 0;

/** Version 2 as the files are, and version 3 as they might be. */
const KINDS: [string, (text: string) => string][] = [
  ['version 2, unicast, password', (text) => text],
  ['version 3, unicast', (text) => text.replace('advert_int 1', 'version 3\n    advert_int 0.5')],
  [
    'version 2, multicast, nopreempt',
    (text) =>
      text
        .replace(/unicast_src_ip/, 'mcast_src_ip')
        .replace(/unicast_peer \{[^}]*\}/, '')
        .replace(/state MASTER/, 'state BACKUP')
        .replace(/state BACKUP/, 'state BACKUP\n    nopreempt'),
  ],
];

/** A quick run has one of them. */
const CHOSEN = inject('soak') ? KINDS : [KINDS[inject('seed') % KINDS.length]!];

describe.each(CHOSEN)('a keepalived and one of ours: %s', (_name, change) => {
  const preempts = !change(textOf('lb1')).includes('nopreempt');

  it('are a pair: each takes over from the other, and gives way', async () => {
    const keepalived = await new Keepalived('lb1', change).start();
    await owned('lb1');
    const config = imported(change);
    const agent = await new VrrpAgent(lan, 'lb2', config).start().connect();
    expect((await agent.reaches('BACKUP', 'shop')).priority).toBe(100);
    await until('it hears keepalived', () => agent.instance('shop')?.master === ADDRESS.lb1);
    // the farewell of keepalived, and its return
    await keepalived.stop();
    await owned('lb2');
    await keepalived.start();
    if (preempts) await owned('lb1');
    else {
      const heardMs = lastOf('lb2');
      await until('ours speaks on', () => lastOf('lb2') > heardMs + 3_000);
      expect(owners()).toBe('lb2');
      agent.send({ type: 'yield', instance: 'shop' });
      await owned('lb1');
    }
    expect(agent.instance('shop')?.dropped).toEqual({});
    expect(witness.seen.every(({ vrid }) => vrid === 51)).toBe(true);
  });

  it('change roles make before break when ours is raised, and as they were when it is not', async () => {
    const keepalived = await new Keepalived('lb1', change).start();
    await owned('lb1');
    const config = imported(change);
    const agent = await new VrrpAgent(lan, 'lb2', config).start().connect();
    await agent.reaches('BACKUP', 'shop');
    await until('it hears keepalived', () => agent.instance('shop')?.master === ADDRESS.lb1);
    const raised = raisedFor(config, 'lb2');
    agent.writeConfig(raised);
    agent.send({ type: 'config', config: raised });
    await owned('lb2');
    // keepalived let go because it heard the other: it has sent no farewell
    expect(witness.seen.filter(({ priority }) => priority === 0)).toEqual([]);
    const zeroesBefore = witness.seen.length;
    await keepalived.stop();
    const at = lastOf('lb2');
    await until('ours speaks on alone', () => lastOf('lb2') > at + 2_000);
    expect(owners()).toBe('lb2');
    expect(witness.seen.slice(zeroesBefore).filter(({ source }) => source === ADDRESS.lb1)).toEqual([]);
    agent.writeConfig(config);
    agent.send({ type: 'config', config });
    await until('it has its own priority', () => witness.last(ADDRESS.lb2)?.priority === 100);
    // the way back
    await keepalived.start();
    if (!preempts) agent.send({ type: 'yield', instance: 'shop' });
    await owned('lb1');
    await agent.stopForGood();
    expect(owners()).toBe('lb1');
  });
});
