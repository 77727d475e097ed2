/**
 * A network segment of namespaces for VRRP: hosts on a bridge, tcpdump on eth1's as the witness, our VRRP process or a
 * foreign one started in a host. Everything goes away with {@link VrrpLan.close}.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config/config.ts';
import type { FromVrrp, InstanceReport, ToVrrp } from '../../src/vrrp/link.ts';

const PROCESS = resolve(import.meta.dirname, '../../src/vrrp-process.ts');

/** What the witness saw of one advertisement. */
export interface Seen {
  readonly atMs: number;
  readonly source: string;
  readonly destination: string;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
}

/** Waits until `probe` gives something, asking every few ms. */
export async function until<Value>(
  what: string | (() => string),
  probe: () => Value | undefined | false,
  withinMs = 15_000,
): Promise<Value> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(5);
  }
}

export class VrrpLan {
  readonly dir = mkdtempSync(join(tmpdir(), 'vrrp-lan-'));
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children: ChildProcess[] = [];
  #seen: Seen[] = [];
  #text = '';
  static #count = 0;

  constructor() {
    this.#prefix = `vl${process.pid}-${VrrpLan.#count++}`;
    this.#addNamespace('lan');
    // a bridge an interface: on one, hosts would answer ARP for eth1's address with the MAC of eth2
    for (const name of ['eth1', 'eth2']) {
      this.ip('lan', `link add br-${name} type bridge forward_delay 0 mcast_snooping 0`);
      this.ip('lan', `link set br-${name} up`);
    }
  }

  /** Waits until tcpdump listens. @param filter narrower where a flood would make it lose packets */
  async watch(filter = 'ip proto 112'): Promise<void> {
    const dump = this.spawn('lan', ['tcpdump', '-tt', '-l', '-n', '-i', 'br-eth1', '--immediate-mode', filter]);
    let ready = false;
    dump.stderr?.on('data', (text: Buffer) => {
      ready ||= text.includes('listening on');
    });
    dump.stdout?.on('data', (text: Buffer) => this.#read(text.toString()));
    await until('tcpdump listens', () => ready);
  }

  /** A host with `eth1` and perhaps `eth2`, each on its segment. */
  addHost(host: string, addresses: Readonly<Record<string, string>>): void {
    this.#addNamespace(host);
    for (const [name, address] of Object.entries(addresses)) {
      this.ip(host, `link add ${name} type veth peer name ${host}${name} netns ${this.namespace('lan')}`);
      this.ip('lan', `link set ${host}${name} master br-${name} up`);
      this.ip(host, `addr add ${address}/24 dev ${name}`);
      this.ip(host, `link set ${name} up`);
    }
  }

  namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  ip(host: string, line: string): string {
    return execFileSync('ip', ['-n', this.namespace(host), ...line.split(' ')], { encoding: 'utf8' });
  }

  exec(host: string, ...command: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.namespace(host), ...command], { encoding: 'utf8' });
  }

  /** A program in a host; killed with the segment. */
  spawn(host: string, command: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.namespace(host), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    return child;
  }

  /** Breaks or mends the cable of a host, unseen by the host (its carrier stays). */
  cut(host: string, name = 'eth1'): void {
    this.ip('lan', `link set ${host}${name} nomaster`);
  }

  heal(host: string, name = 'eth1'): void {
    this.ip('lan', `link set ${host}${name} master br-${name}`);
  }

  /** On an interface where others see it. */
  has(host: string, address: string): boolean {
    const lines = this.ip(host, '-o -4 addr show').split('\n');
    return lines.some((line) => line.includes(` ${address}/`) && !/^\d+: lo /.test(line));
  }

  /** Seconds that it stays on the loopback; undefined: it is not there. */
  silentSeconds(host: string, address: string): number | undefined {
    const lines = this.ip(host, '-o -4 addr show dev lo').split('\n');
    const [, seconds] = /valid_lft (\d+)sec/.exec(lines.find((line) => line.includes(` ${address}/`)) ?? '') ?? [];
    return seconds === undefined ? undefined : Number(seconds);
  }

  get seen(): readonly Seen[] {
    return this.#seen;
  }

  last(source: string, vrid = 51): Seen | undefined {
    return this.#seen.findLast((one) => one.source === source && one.vrid === vrid);
  }

  /** The first advertisement of `source` after `afterMs`. */
  async next(source: string, afterMs: number, vrid = 51): Promise<Seen> {
    const find = (): Seen | undefined =>
      this.#seen.find((one) => one.source === source && one.vrid === vrid && one.atMs > afterMs);
    return until(`an advertisement of ${source}`, find);
  }

  /** The longest silence on a VRID between two moments, whoever speaks. */
  longestGapMs(fromMs: number, toMs: number, vrid = 51): number {
    const times = this.#seen
      .filter((one) => one.vrid === vrid && one.atMs >= fromMs && one.atMs <= toMs)
      .map((one) => one.atMs);
    return Math.max(...[...times, toMs].map((atMs, index) => atMs - (times[index - 1] ?? fromMs)));
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const namespace of this.#namespaces) execFileSync('ip', ['netns', 'del', namespace]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #addNamespace(host: string): void {
    execFileSync('ip', ['netns', 'add', this.namespace(host)]);
    this.#namespaces.push(this.namespace(host));
    this.ip(host, 'link set lo up');
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const match = /^(\d+\.\d+) IP (\S+) > (\S+): VRRPv(\d), Advertisement,.* vrid (\d+), prio (\d+)/.exec(line);
      if (match === null) continue;
      const [, at, source = '', destination = '', version, vrid, priority] = match;
      this.#seen = [
        ...this.#seen,
        {
          atMs: Number(at) * 1000,
          source,
          destination,
          version: Number(version),
          vrid: Number(vrid),
          priority: Number(priority),
        },
      ];
    }
  }
}

/** Our VRRP process in a host of the segment, with the supervisor's end of its link in the test's hand. */
export class VrrpAgent {
  readonly lines: string[] = [];
  readonly transitions: Extract<FromVrrp, { type: 'transition' }>[] = [];
  /** As a supervisor with nothing to relay does. */
  answersRelays = true;
  readonly #lan: VrrpLan;
  readonly #host: string;
  readonly #socketPath: string;
  readonly #handoverPath: string;
  readonly #configPath: string;
  #child: ChildProcess | undefined;
  #socket: Socket | undefined;
  #report: Extract<FromVrrp, { type: 'report' }> | undefined;

  constructor(lan: VrrpLan, host: string, config: Config) {
    this.#lan = lan;
    this.#host = host;
    this.#socketPath = join(lan.dir, `${host}.sock`);
    this.#handoverPath = join(lan.dir, `${host}.handover`);
    this.#configPath = join(lan.dir, `${host}.json`);
    this.writeConfig(config);
  }

  writeConfig(config: Config): void {
    writeFileSync(this.#configPath, JSON.stringify({ generation: 1, hash: 'x', self: this.#host, config }));
  }

  removeConfig(): void {
    rmSync(this.#configPath);
  }

  start(): this {
    const files = ['--config', this.#configPath, '--socket', this.#socketPath, '--handover', this.#handoverPath];
    // as the unit does (CPUSchedulingPolicy=rr): the figures are of the product, not of a busy test machine
    const child = this.#lan.spawn(this.#host, ['chrt', '--rr', '20', process.execPath, PROCESS, ...files]);
    child.stdout?.on('data', (text: Buffer) => this.lines.push(...text.toString().trimEnd().split('\n')));
    child.stderr?.on('data', (text: Buffer) => this.lines.push(...text.toString().trimEnd().split('\n')));
    this.#child = child;
    return this;
  }

  /** Connects as the supervisor does. */
  async connect(): Promise<this> {
    let isTrying = false;
    this.#report = undefined;
    await until(`the link of ${this.#host}`, () => {
      if (!isTrying)
        this.#tryConnect(() => {
          isTrying = false;
        });
      isTrying = true;
      return this.#report !== undefined;
    });
    return this;
  }

  send(message: ToVrrp): void {
    this.#socket?.write(`${JSON.stringify(message)}\n`);
  }

  instance(name = 'public'): InstanceReport | undefined {
    return this.#report?.instances.find((one) => one.name === name);
  }

  async reaches(state: InstanceReport['state'], name = 'public', withinMs = 15_000): Promise<InstanceReport> {
    return until(
      () => `${this.#host} reaches ${state}; it says ${JSON.stringify(this.instance(name))}\n${this.lines.join('\n')}`,
      () => {
        const report = this.instance(name);
        return report?.state === state && report;
      },
      withinMs,
    );
  }

  signal(name: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    const ended = new Promise<void>((done) => child?.on('exit', () => done()));
    child?.kill(name);
    return name === 'SIGSTOP' || name === 'SIGCONT' ? Promise.resolve() : ended;
  }

  /** As systemd does on `stop`: the mark, then SIGTERM. */
  stopForGood(): Promise<void> {
    writeFileSync(this.#handoverPath, '');
    return this.signal('SIGTERM');
  }

  #tryConnect(onEnd: () => void): void {
    const socket = createConnection(this.#socketPath);
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('close', onEnd);
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line) as FromVrrp);
    });
    this.#socket = socket;
  }

  #take(message: FromVrrp): void {
    if (message.type === 'report') this.#report = message;
    if (message.type === 'transition') this.transitions.push(message);
    if (message.type === 'relay' && this.answersRelays) this.send({ type: 'relay-ready', instance: message.instance });
  }
}
