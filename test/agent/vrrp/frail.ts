/**
 * Directors that fail: a process that can stand still, be killed, restarted, stopped or lose its power, on a segment that can lose,
 * delay, reorder and duplicate packets and be cut in one direction. Everything hangs on one clock and one seed.
 */
import type { Machinery } from '../../../src/agent/vrrp/loop.ts';
import type { Config } from '../../../src/config/config.ts';
import type { FakeAddresses } from '../../../src/kernel/fake-addresses.ts';
import type { InstanceReport } from '../../../src/vrrp/link.ts';
import { address } from '../../vrrp/configuration.ts';
import { type Random, seededRandom } from '../../vrrp/random.ts';
import { type Host, Segment } from './segment.ts';

/** A process's way to the kernel: shut, everything that would wake the process waits; dead, nothing comes through any more. */
class Door {
  #waiting: { readonly fn: () => void; readonly isPacket: boolean }[] = [];
  #isShut = false;
  #isDead = false;

  shut(): void {
    this.#isShut = true;
  }

  /** Packets first, as the loop reads them before its timers; each kind in its order. */
  open(): void {
    this.#isShut = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const kind of [true, false])
      for (const { fn, isPacket } of waiting) if (isPacket === kind) this.pass(fn, kind);
  }

  kill(): void {
    this.#isDead = true;
  }

  pass(fn: () => void, isPacket = false): void {
    if (this.#isDead) return;
    if (this.#isShut) this.#waiting.push({ fn, isPacket });
    else fn();
  }

  around({ clock, addresses, network, ...rest }: Machinery): Machinery {
    return {
      ...rest,
      clock: {
        now: () => clock.now(),
        wall: () => clock.wall(),
        setTimer: (atMs, fn) => {
          let isCancelled = false;
          const cancel = clock.setTimer(atMs, () => this.pass(() => isCancelled || fn()));
          return () => {
            isCancelled = true;
            cancel();
          };
        },
      },
      addresses: {
        links: () => addresses.links(),
        addresses: () => addresses.addresses(),
        add: (request) => addresses.add(request),
        remove: (target) => addresses.remove(target),
        close: () => addresses.close(),
        watch: (events) =>
          addresses.watch({
            onLink: (link, change) => this.pass(() => events.onLink(link, change)),
            onAddress: (one, change) => this.pass(() => events.onAddress(one, change)),
            onLost: () => this.pass(() => events.onLost()),
          }),
      },
      network: {
        open: (options, handlers) =>
          network.open(options, {
            onPacket: (packet) => this.pass(() => handlers.onPacket(packet), true),
            onError: handlers.onError,
          }),
      },
    };
  }
}

/** One director, alive or not. */
export class Director {
  readonly name: string;
  readonly own: string;
  readonly #segment: FrailSegment;
  readonly #config: Config;
  #kernel: FakeAddresses;
  #door = new Door();
  #host: Host | undefined;
  #isStopping = false;
  readonly #lives: Host['transitions'][] = [];

  constructor(segment: FrailSegment, name: string, own: string, config: Config) {
    this.#segment = segment;
    this.name = name;
    this.own = own;
    this.#config = config;
    this.#kernel = segment.kernel(own);
    this.start();
  }

  start(): void {
    if (this.#isStopping) this.kill();
    if (this.#host !== undefined) return;
    this.#door = new Door();
    this.#host = this.#segment.host(this.name, this.own, this.#config, this.#kernel, (one) => this.#door.around(one));
    this.#lives.push(this.#host.transitions);
    this.#host.loop.take({ type: 'ready' });
  }

  /** Every transition of all its processes. */
  history(): { readonly at: number; readonly text: string }[] {
    const told = this.#lives.flatMap((transitions, life) => transitions.map((one) => ({ ...one, life })));
    return told.map(({ at, life, instance, from, to, cause }) => ({
      at,
      text: `${this.name} (process ${life + 1}) ${instance}: ${from} → ${to}, ${cause}`,
    }));
  }

  get kernel(): FakeAddresses {
    return this.#kernel;
  }

  get isRunning(): boolean {
    return this.#host !== undefined;
  }

  says(instance = 'public'): InstanceReport | undefined {
    return this.#host?.says(instance);
  }

  /** Tells it something, as the supervisor does; a process that stands still hears it later. */
  take(message: Parameters<Host['loop']['take']>[0]): void {
    const host = this.#host;
    if (host !== undefined) this.#door.pass(() => host.loop.take(message));
  }

  /** Where others see it: not on the loopback, as a lame duck. */
  has(vip: string): boolean {
    return this.#kernel.addresses().some((one) => one.address === vip && one.ifindex !== 1);
  }

  stall(): void {
    this.#door.shut();
  }

  wake(): void {
    this.#door.open();
  }

  /** SIGKILL: nothing is said, what is in the kernel stays. */
  kill(): void {
    this.#door.kill();
    this.#host = undefined;
    this.#isStopping = false;
  }

  /**
   * SIGTERM; one that still waits for its successor when it is started again gets SIGKILL.
   * @param release with the mark of a stop for good
   */
  stop(release: boolean): void {
    this.wake();
    void this.#host?.loop.stop(release);
    const states = this.#host?.loop.report().instances.map(({ state }) => state) ?? [];
    if (states.every((state) => state === 'INIT')) this.kill();
    else this.#isStopping = true;
  }

  powerOff(): void {
    this.kill();
    this.#kernel = this.#segment.kernel(this.own);
  }

  link(isUp: boolean, index = 2): void {
    this.#kernel.setLink({ index, name: `eth${index - 1}`, running: isUp });
  }

  deleteAddress(vip: string): void {
    this.#kernel.remove({ interface: 'eth1', address: address(vip), prefixLength: 32 });
  }
}

/** How packets fare. */
export interface Noise {
  /** Of 100. */
  readonly lost: number;
  readonly doubled: number;
  readonly delayMs: number;
}

/** A segment in good order. */
export const QUIET: Noise = { lost: 0, doubled: 0, delayMs: 2 };

export class FrailSegment extends Segment {
  readonly #random: Random;
  noise: Noise = QUIET;
  /** `from to`: nothing passes that way. */
  readonly deaf = new Set<string>();

  constructor(seed: number) {
    super();
    this.#random = seededRandom(seed);
    this.lan.delaysMs = (from, to) => {
      if (this.deaf.has(`${from} ${to}`)) return [];
      const { lost, doubled, delayMs } = this.noise;
      if (this.#random(100) < lost) return [];
      const delay = (): number => (delayMs === 0 ? 0 : 1 + this.#random(delayMs));
      return this.#random(100) < doubled ? [delay(), delay()] : [delay()];
    };
  }
}
