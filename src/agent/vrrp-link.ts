/** The supervisor's end of the link to the VRRP process: connects, connects again, and tells it what it must know. */
import { createConnection, type Socket } from 'node:net';
import type { Config } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FromVrrp, InstanceReport, ToVrrp } from '../vrrp/link.ts';

const KNOWN: readonly FromVrrp['type'][] = ['report', 'transition', 'configured', 'recording', 'relay', 'hand-over'];
const RECONNECT_MS = 500;
/** It reports once a second; silent for so long, it counts as dead. */
const SILENCE_MS = 3_000;
/** It answers within a turn of its loop. */
const CONFIGURE_MS = 3_000;
/** A recording that ends is written out first. */
const RECORD_MS = 3_000;
/** A line without end is no message of ours. */
const MAX_LINE = 1_048_576;

export interface VrrpLinkOptions {
  readonly path: string;
  readonly clock: Clock;
  /** What is sent on every connection. */
  readonly greeting: () => readonly ToVrrp[];
  readonly onTransition: (transition: Extract<FromVrrp, { type: 'transition' }>) => void;
  /** How things are on a new connection; every transition after it comes by {@link onTransition}. */
  readonly onFound: (instances: readonly InstanceReport[]) => void;
  readonly onRelay: (relay: Extract<FromVrrp, { type: 'relay' }>) => void;
  readonly onHandOver: (handOver: Extract<FromVrrp, { type: 'hand-over' }>) => void;
  /** Every report, that on a new connection too. */
  readonly onReport: (instances: readonly InstanceReport[]) => void;
  readonly onAlive: (alive: boolean) => void;
}

export type Report = Extract<FromVrrp, { type: 'report' }>;
export type Recording = Extract<FromVrrp, { type: 'recording' }>;

export class VrrpLink {
  readonly #options: VrrpLinkOptions;
  #socket: Socket | undefined;
  #isConnected = false;
  #hasFound = false;
  #wasAlive = false;
  #report: Report | undefined;
  #refusal: string | null = null;
  #connectedMs = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};
  #isStopped = false;
  /** Of whoever waits for `configured`. */
  #answer: ((error: string | null) => void) | undefined;
  /** Of whoever waits for `recording`. */
  #recording: ((recording: Recording | null) => void) | undefined;

  constructor(options: VrrpLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#connect();
  }

  get isAlive(): boolean {
    return this.#isConnected && this.#options.clock.now() - this.#heardMs < SILENCE_MS;
  }

  /** The last report; of a process that has died, what it said last. */
  get report(): Report | undefined {
    return this.#report;
  }

  /** Why it does not take the configuration in force, or null. */
  get refusal(): string | null {
    return this.#refusal;
  }

  get instances(): readonly InstanceReport[] {
    return this.#report?.instances ?? [];
  }

  /** @returns whether it was sent; what is not is part of the next greeting */
  send(message: ToVrrp): boolean {
    if (!this.#isConnected) return false;
    this.#socket?.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  /** Puts `config` in force there. @returns why it was refused; null also when nobody answers, since it reads the file at its start */
  configure(config: Config): Promise<string | null> {
    this.#answer?.(null);
    if (!this.send({ type: 'config', config })) return Promise.resolve(null);
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.setTimer(clock.now() + CONFIGURE_MS, () => this.#answer?.(null));
      this.#answer = (error) => {
        this.#answer = undefined;
        cancel();
        resolve(error);
      };
    });
  }

  /** Starts or ends a recording there. @returns null when nobody answers, or one of an older release */
  record(on: boolean): Promise<Recording | null> {
    this.#recording?.(null);
    if (!this.send({ type: 'record', on })) return Promise.resolve(null);
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const cancel = clock.setTimer(clock.now() + RECORD_MS, () => this.#recording?.(null));
      this.#recording = (recording) => {
        this.#recording = undefined;
        cancel();
        resolve(recording);
      };
    });
  }

  /** To be called now and then: notices silence. */
  check(): void {
    const silentMs = this.#options.clock.now() - Math.max(this.#heardMs, this.#connectedMs);
    if (this.#isConnected && silentMs >= SILENCE_MS) this.#socket?.destroy();
    this.#tellAlive();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#socket?.destroy();
  }

  #connect(): void {
    const socket = createConnection(this.#options.path);
    this.#socket = socket;
    socket.setEncoding('utf8');
    let rest = '';
    socket.on('connect', () => {
      this.#isConnected = true;
      this.#hasFound = false;
      this.#connectedMs = this.#options.clock.now();
      this.#heardMs = Number.NEGATIVE_INFINITY;
      for (const message of this.#options.greeting()) this.send(message);
    });
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#receive(line);
      if (rest.length > MAX_LINE) socket.destroy();
    });
    // Every error is followed by 'close', which knows what to do.
    socket.on('error', () => {});
    socket.on('close', () => this.#onClose());
  }

  #onClose(): void {
    this.#isConnected = false;
    this.#answer?.(null);
    this.#recording?.(null);
    if (this.#isStopped) return;
    this.#tellAlive();
    const { clock } = this.#options;
    this.#cancelTimer = clock.setTimer(clock.now() + RECONNECT_MS, () => this.#connect());
  }

  #receive(line: string): void {
    const message = parseLine(line);
    if (message === undefined) return;
    this.#heardMs = this.#options.clock.now();
    if (message.type === 'report') this.#take(message);
    if (message.type === 'configured') {
      this.#refusal = message.error;
      this.#answer?.(message.error);
    }
    if (message.type === 'recording') this.#recording?.(message);
    if (message.type === 'transition') this.#options.onTransition(message);
    if (message.type === 'relay') this.#options.onRelay(message);
    if (message.type === 'hand-over') this.#options.onHandOver(message);
    this.#tellAlive();
  }

  #take(report: Report): void {
    this.#report = report;
    this.#options.onReport(report.instances);
    if (this.#hasFound) return;
    this.#hasFound = true;
    this.#options.onFound(report.instances);
  }

  #tellAlive(): void {
    const { isAlive } = this;
    if (isAlive === this.#wasAlive) return;
    this.#wasAlive = isAlive;
    this.#options.onAlive(isAlive);
  }
}

/** Both ends are of one release; a line of another one that is not understood is passed over. */
function parseLine(line: string): FromVrrp | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
    return KNOWN.some((known) => known === type) ? (value as FromVrrp) : undefined;
  } catch {
    return undefined;
  }
}
