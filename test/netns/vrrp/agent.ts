/** Our VRRP process in a host of a segment, with the supervisor's end of its link in the test's hand. */
import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { Config } from '../../../src/config/config.ts';
import type { FromVrrp, InstanceReport, ToVrrp } from '../../../src/vrrp/link.ts';
import type { VrrpLan } from './lan.ts';
import { until } from './until.ts';

const PROCESS = resolve(import.meta.dirname, '../../../src/vrrp-process.ts');
const TWIN = resolve(import.meta.dirname, '../../../dist/native', process.arch, 'twin');

export class VrrpAgent {
  readonly lines: string[] = [];
  readonly transitions: Extract<FromVrrp, { type: 'transition' }>[] = [];
  /** As a supervisor with nothing to relay does. */
  answersRelays = true;
  /** Answers to `record`. */
  readonly recordings: Extract<FromVrrp, { type: 'recording' }>[] = [];
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

  /** Alone, or as the unit has it: two, of which one waits. */
  start(kept: 'alone' | 'in turn' = 'alone', ...more: readonly string[]): this {
    const at = (end: string): string => join(this.#lan.dir, `${this.#host}.${end}`);
    const files = ['--config', this.#configPath, '--socket', this.#socketPath, '--handover', this.#handoverPath];
    const state = ['--protections', at('hmac'), '--clocks', at('clocks')];
    const program = [process.execPath, PROCESS, ...files, ...state, ...more];
    const command = kept === 'alone' ? program : [TWIN, ...program, '--in-turn'];
    // as the unit does (CPUSchedulingPolicy=rr): the figures are of the product, not of a busy test machine
    const child = this.#lan.spawn(this.#host, ['chrt', '--rr', '20', ...command]);
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

  get latenessMs(): { readonly last: number; readonly worst: number } | undefined {
    return this.#report?.latenessMs;
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

  /** The processes that twin keeps, the one that works first: those that wait have no socket of VRRP. */
  twins(): readonly number[] {
    const children = this.#lan
      .exec(this.#host, 'pgrep', '-P', String(this.#child?.pid ?? 0))
      .trim()
      .split('\n');
    const works = (pid: string): boolean => this.#lan.exec(this.#host, 'ss', '-xlpH').includes(`pid=${pid},`);
    return children.toSorted((a, b) => Number(works(b)) - Number(works(a))).map(Number);
  }

  signal(name: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    const ended = new Promise<void>((done) => child?.on('exit', () => done()));
    child?.kill(name);
    return ['SIGSTOP', 'SIGCONT', 'SIGHUP'].includes(name) ? Promise.resolve() : ended;
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
    if (message.type === 'recording') this.recordings.push(message);
  }
}
