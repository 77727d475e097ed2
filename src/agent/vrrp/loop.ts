/**
 * The VRRP process's loop: everything that happens becomes an event of the router (src/vrrp/router.ts), and the effects that
 * come back are performed, in order, one event at a time. One timer is armed, for the next deadline.
 */
import type { Config } from '../../config/config.ts';
import type { Addresses } from '../../kernel/addresses.ts';
import type { FrameSender } from '../../kernel/arp.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { VrrpNetwork, VrrpPacket } from '../../kernel/vrrp-socket.ts';
import { acceptPacket } from '../../vrrp/accept.ts';
import { leftBehind } from '../../vrrp/adoption.ts';
import type { Effect, InstanceSetup, VirtualAddress } from '../../vrrp/instance.ts';
import type { FromVrrp, ToVrrp } from '../../vrrp/link.ts';
import { hasStopped, newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../vrrp/router.ts';
import { setupsFor, vipsOf } from '../../vrrp/setup.ts';
import { VirtualAddresses } from './addresses.ts';
import { HeldAddresses } from './held.ts';
import { type Host, interfacesOf, namedAddresses } from './host.ts';
import { HostWatch } from './host-watch.ts';
import { type Log, onChange } from './log.ts';
import { reportOf } from './report.ts';
import { SilentAddresses } from './silent.ts';
import { Sockets } from './sockets.ts';

export interface Machinery {
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly network: VrrpNetwork;
  readonly frames: FrameSender;
  readonly log: Log;
  /** Calls back after whatever the kernel has for us already was read. */
  readonly afterInput: (fn: () => void) => void;
}

/** What happens on its own and the supervisor is told. */
export type News = Extract<FromVrrp, { type: 'transition' | 'hand-over' | 'relay' }>;

export class VrrpLoop {
  readonly #machinery: Machinery;
  readonly #sockets: Sockets;
  readonly #virtual: VirtualAddresses;
  readonly #silent: SilentAddresses;
  readonly #held: HeldAddresses;
  readonly #say: ReturnType<typeof onChange>;
  readonly #tell: (news: News) => boolean;
  readonly #host: HostWatch;
  #router: Router;
  #config: { readonly config: Config; readonly self: string } | undefined;
  #vips: ReadonlySet<string> = new Set();
  #ownAddresses: ReadonlySet<string> = new Set();
  #queue: RouterEvent[] = [];
  #working = false;
  #stopped = false;
  /** Of whoever waits for the end. */
  #onStopped: (() => void) | undefined;
  #armedForMs: number | null = null;
  #cancelTimer: () => void = () => undefined;
  #lateness = { last: 0, worst: 0 };

  /** @param tell says whether anybody heard it. */
  constructor(machinery: Machinery, tell: (news: News) => boolean) {
    const { clock, addresses, network, frames, log } = machinery;
    this.#machinery = machinery;
    this.#tell = tell;
    this.#say = onChange(log);
    this.#sockets = new Sockets(network, (packet, setups) => this.#packet(packet, setups), log);
    this.#virtual = new VirtualAddresses(addresses, frames, log);
    this.#silent = new SilentAddresses(addresses, log);
    this.#held = new HeldAddresses(this.#virtual, clock);
    this.#router = newRouter(clock.now());
    this.#host = new HostWatch({
      addresses,
      log,
      afterInput: machinery.afterInput,
      isVip: (address) => this.#vips.has(address),
      onChange: (host) => this.#reread(host),
    });
  }

  /** @throws what setupsFor throws for a configuration that is none; the old one stays in force. */
  configure(config: Config, self: string): void {
    if (this.#onStopped !== undefined) return; // its last words are said already
    const host = this.#host.read();
    const named = namedAddresses(host);
    const { instances, held } = setupsFor(config, self, named);
    const nowMs = this.#machinery.clock.now();
    const isFirst = this.#config === undefined;
    this.#config = { config, self };
    this.#vips = vipsOf(config);
    this.#ownAddresses = this.#ownOf(host);
    this.#dispatch({ type: 'interfaces', interfaces: interfacesOf(host) });
    this.#sockets.follow([...this.#setups(), ...instances]); // the old ones still say their farewell
    this.#dispatch({
      type: 'config',
      setups: instances,
      // only a process that starts adopts: later, what is there is our own or nobody's
      ...(isFirst ? leftBehind(instances, named, nowMs) : { found: {} }),
    });
    this.#sockets.follow(this.#setups());
    this.#held.follow(held);
  }

  /** Everything the supervisor says but a configuration. */
  take(message: Exclude<ToVrrp, { type: 'config' }>): void {
    if (message.type === 'hold') {
      const { type, instance, reason, forMs } = message;
      this.#dispatch({ type, instance, reason, untilMs: this.#machinery.clock.now() + forMs });
    } else this.#dispatch(message);
  }

  report(): Extract<FromVrrp, { type: 'report' }> {
    const { last, worst } = this.#lateness;
    const latenessMs = { last: Math.round(last * 100) / 100, worst: Math.round(worst * 100) / 100 };
    return { type: 'report', latenessMs, instances: reportOf(this.#router, this.#machinery.clock) };
  }

  /**
   * @param release gives every role away and takes the addresses out; else all stays for the next process to adopt.
   * @returns when all is given away: successors are waited for, 5 s at most. Without `release` that is at once.
   */
  stop(release: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onStopped = resolve;
    this.#held.stop(release);
    this.#dispatch({ type: 'stop', release });
    return promise;
  }

  #end(): void {
    this.#stopped = true;
    this.#host.stop();
    this.#cancelTimer();
    this.#sockets.close();
    this.#onStopped?.();
  }

  #setups(): InstanceSetup[] {
    return Object.values(this.#router.instances).map(({ setup }) => setup);
  }

  #packet(packet: VrrpPacket, setups: readonly InstanceSetup[]): void {
    const accepted = acceptPacket(packet, setups);
    if (accepted.verdict === 'foreign') return;
    const { instance } = accepted;
    if (accepted.verdict === 'dropped') {
      this.#say(`${accepted.reason} packets to ${instance}`, 'warning', `packets are dropped: ${accepted.reason}`, {
        instance,
        source: packet.source,
      });
      this.#dispatch({ type: 'dropped', instance, reason: accepted.reason });
      return;
    }
    const notes = accepted.notes.length > 0 ? accepted.notes.join('; ') : undefined;
    this.#say(`agreement of ${instance} with ${packet.source}`, 'warning', notes, { instance, source: packet.source });
    const { advertisement } = accepted;
    this.#dispatch({ type: 'advertisement', instance, advertisement, source: packet.source });
  }

  /** One event at a time: what an effect brings about waits until the effects before it are done. */
  #dispatch(event: RouterEvent): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    if (this.#working) return;
    this.#working = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#turn(next);
    } finally {
      this.#working = false;
      this.#queue = [];
      this.#arm();
      if (this.#onStopped !== undefined && hasStopped(this.#router)) this.#end();
    }
  }

  #turn(event: RouterEvent): void {
    const before = this.#router;
    const { router, effects } = stepRouter(before, event, this.#machinery.clock.now());
    this.#router = router;
    for (const effect of effects) this.#perform(effect, before);
  }

  #perform(effect: Effect, before: Router): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect, before);
        break;
      case 'add-addresses':
      case 'refresh-addresses':
        this.#virtual.hold(effect.addresses, effect.lifetimeSeconds);
        break;
      case 'delete-addresses':
        this.#virtual.release(effect.addresses);
        break;
      case 'silence-addresses':
        this.#silent.silence(effect.addresses, effect.lifetimeSeconds);
        break;
      case 'unsilence-addresses':
        this.#silent.unsilence(effect.addresses);
        break;
      case 'announce':
        this.#virtual.announce(effect.addresses, effect.rounds);
        break;
      case 'prepare-relay':
        // nobody there who could relay: then nothing is waited for
        if (!this.#tell({ type: 'relay', instance: effect.instance, to: effect.to }))
          this.#dispatch({ type: 'relay-ready', instance: effect.instance });
        break;
      case 'hand-over':
        this.#handOver(effect);
        break;
      case 'transition':
        this.#transition(effect);
        break;
      case 'unexpected':
        this.#machinery.log('error', 'event refused', { ...effect });
    }
  }

  /** The instance as it was when it spoke: a configuration may have put another in its place. */
  #send({ instance, interface: on, advertisement }: Extract<Effect, { type: 'send' }>, before: Router): void {
    const { vrid, version } = advertisement;
    const speaker = [this.#router, before]
      .flatMap(({ instances }) => instances[instance]?.setup ?? [])
      .find((setup) => setup.interface === on && setup.vrid === vrid && setup.version === version);
    if (speaker !== undefined) this.#sockets.send(speaker, advertisement);
  }

  #transition({ instance, from, to, cause }: Extract<Effect, { type: 'transition' }>): void {
    const level = to === 'FAULT' ? 'warning' : 'notice';
    this.#machinery.log(level, `${instance} is ${to}`, { instance, from, to, cause });
    this.#tell({ type: 'transition', instance, from, to, cause, at: this.#machinery.clock.wall() });
  }

  #handOver({ instance, outcome, cause }: Extract<Effect, { type: 'hand-over' }>): void {
    const what = outcome === 'begun' ? 'hands over' : 'is still MASTER';
    this.#machinery.log(outcome === 'begun' ? 'notice' : 'warning', `${instance} ${what}`, { instance, cause });
    this.#tell({ type: 'hand-over', instance, outcome, cause });
  }

  #arm(): void {
    const { clock, afterInput } = this.#machinery;
    const atMs = this.#stopped ? null : nextDeadlineMs(this.#router, clock.now());
    if (atMs === this.#armedForMs) return;
    this.#cancelTimer();
    this.#armedForMs = atMs;
    if (atMs === null) return;
    // packets that arrived while we could not run are heard before the timers: silence is not concluded from our own delay
    this.#cancelTimer = clock.setTimer(atMs, () => afterInput(() => this.#due(atMs)));
  }

  #due(atMs: number): void {
    if (this.#armedForMs === atMs) this.#armedForMs = null;
    const lateMs = Math.max(0, this.#machinery.clock.now() - atMs);
    this.#lateness = { last: lateMs, worst: Math.max(lateMs, this.#lateness.worst) };
    this.#dispatch({ type: 'time' });
  }

  #reread(host: Host): void {
    const own = this.#ownOf(host);
    const isMore = [...own].some((one) => !this.#ownAddresses.has(one));
    this.#ownAddresses = own;
    // a network that has just come may be where a VIP belongs
    if (isMore && this.#config !== undefined) this.configure(this.#config.config, this.#config.self);
    else this.#dispatch({ type: 'interfaces', interfaces: interfacesOf(host) });
    this.#mend(host);
  }

  /** Addresses of ours that somebody deleted come back. */
  #mend(host: Host): void {
    const present = new Set(namedAddresses(host).map((one) => `${one.interface} ${one.address}`));
    const isPresent = (one: VirtualAddress): boolean => present.has(`${one.interface} ${one.address}`);
    const masters = Object.values(this.#router.instances).filter(({ state }) => state === 'MASTER');
    const missing = masters.flatMap(({ setup }) => setup.addresses.filter((one) => !isPresent(one)));
    for (const [on, addresses] of Map.groupBy(missing, (one) => one.interface)) {
      const names = addresses.map(({ address }) => address);
      this.#machinery.log('warning', 'addresses were deleted behind our back', {
        interface: on,
        addresses: names.join(),
      });
      this.#dispatch({ type: 'addresses-removed', interface: on, addresses: names });
    }
    this.#held.mend(isPresent);
  }

  #ownOf(host: Host): Set<string> {
    const own = namedAddresses(host).filter(({ address }) => !this.#vips.has(address));
    return new Set(own.map((one) => `${one.interface} ${one.address}/${one.prefixLength}`));
  }
}
