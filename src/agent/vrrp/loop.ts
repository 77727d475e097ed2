/**
 * The VRRP process's loop: everything that happens becomes an event of the router (src/vrrp/router.ts), and the effects that
 * come back are performed, in order, one event at a time. One timer is armed, for the next deadline.
 */
import type { Config } from '../../config/config.ts';
import type { Addresses } from '../../kernel/addresses.ts';
import type { FrameSender } from '../../kernel/arp.ts';
import type { Claim, ClaimListener } from '../../kernel/claims.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Macvlans } from '../../kernel/macvlans.ts';
import type { VrrpNetwork, VrrpPacket } from '../../kernel/vrrp-socket.ts';
import { leftBehind } from '../../vrrp/adoption.ts';
import type { Effect } from '../../vrrp/instance.ts';
import type { InstanceSetup } from '../../vrrp/instance-setup.ts';
import type { FromVrrp, ToVrrp } from '../../vrrp/link.ts';
import { probedLinks } from '../../vrrp/probing.ts';
import type { Rings } from '../../vrrp/protection.ts';
import { hasStopped, newRouter, nextDeadlineMs, type Router, type RouterEvent, stepRouter } from '../../vrrp/router.ts';
import { setupsFor, vipsOf } from '../../vrrp/setup.ts';
import { VirtualAddresses } from './addresses.ts';
import { Announcer } from './announcer.ts';
import { Deadline } from './deadline.ts';
import { Hearing } from './hearing.ts';
import { HeldAddresses } from './held.ts';
import { type Host, interfacesOf, namedAddresses, withoutVirtual } from './host.ts';
import { hasLostLinkLocal, ownAddressesOf, presenceOn } from './host-change.ts';
import { HostWatch } from './host-watch.ts';
import type { KeptClocks } from './kept-clocks.ts';
import type { Log } from './log.ts';
import { Neighbours } from './neighbours.ts';
import { Overhearing } from './overhearing.ts';
import { type News, Performer } from './performer.ts';
import { reportOf } from './report.ts';
import { Signatures } from './signatures.ts';
import { SilentAddresses } from './silent.ts';
import { type OnPacket, Sockets } from './sockets.ts';
import { VirtualInterfaces } from './virtual-interfaces.ts';

export interface Machinery {
  readonly clock: Clock;
  readonly addresses: Addresses;
  readonly macvlans: Macvlans;
  readonly network: VrrpNetwork;
  readonly frames: FrameSender;
  readonly claims: ClaimListener;
  readonly log: Log;
  /** Calls back after whatever the kernel has for us already was read. */
  readonly afterInput: (fn: () => void) => void;
  /** Content hash of the release that runs. */
  readonly release: string;
  /** What the process before this one knew of clocks, and the next one shall; undefined: nothing is kept. */
  readonly clocks?: KeptClocks;
}

/** Is shown every step of the router, after its effects were performed. */
export interface Witness {
  step(event: RouterEvent, effects: readonly Effect[], nowMs: number, after: Router): void;
}

export class VrrpLoop {
  readonly #machinery: Machinery;
  readonly #sockets: Sockets;
  readonly #overhearing: Overhearing;
  readonly #announcer: Announcer;
  readonly #virtual: VirtualAddresses;
  readonly #held: HeldAddresses;
  readonly #neighbours: Neighbours;
  readonly #signatures: Signatures;
  readonly #hearing: Hearing;
  readonly #performer: Performer;
  readonly #host: HostWatch;
  readonly #interfaces: VirtualInterfaces;
  readonly #deadline: Deadline;
  #router: Router;
  #config: { readonly config: Config; readonly self: string } | undefined;
  #vips: ReadonlySet<string> = new Set();
  #ownAddresses: ReadonlySet<string> = new Set();
  #queue: RouterEvent[] = [];
  #witness: Witness | undefined;
  #working = false;
  #stopped = false;
  /** Of whoever waits for the end. */
  #onStopped: (() => void) | undefined;

  /** @param tell says whether anybody heard it. */
  constructor(machinery: Machinery, tell: (news: News) => boolean) {
    const { clock, addresses, macvlans, network, frames, claims, log } = machinery;
    this.#machinery = machinery;
    this.#signatures = new Signatures(clock, log, machinery.clocks);
    this.#hearing = new Hearing(clock, this.#signatures, log);
    this.#deadline = new Deadline({
      clock,
      log,
      afterInput: machinery.afterInput,
      onDue: () => this.#dispatch({ type: 'time' }),
      intervalMs: () => Math.min(...this.#setups().map(({ advertIntervalMs }) => advertIntervalMs)),
    });
    const onPacket: OnPacket = (packet, setups) => this.#hear(packet, setups);
    const sockets = new Sockets(network, onPacket, this.#signatures.sign, log);
    this.#sockets = sockets;
    this.#overhearing = new Overhearing(network, onPacket, log);
    // a stall that cost us the role is noticed before what waited is announced
    const beforeTurn = (): void => this.#dispatch({ type: 'time' });
    this.#announcer = new Announcer({ frames, clock, log, beforeTurn });
    this.#virtual = new VirtualAddresses(addresses, this.#announcer, log);
    const onClaim = (claim: Claim): void => this.#dispatch({ type: 'claim', ...claim });
    this.#neighbours = new Neighbours({ frames, listener: claims, addresses, log, onClaim });
    const silent = new SilentAddresses(addresses, this.#virtual, log);
    const dispatch = (event: RouterEvent): void => this.#dispatch(event);
    const { virtual, neighbours } = { virtual: this.#virtual, neighbours: this.#neighbours };
    this.#performer = new Performer({ clock, log, sockets, virtual, neighbours, silent, tell, dispatch });
    this.#interfaces = new VirtualInterfaces(macvlans, log);
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
    const found = this.#host.read();
    const { instances, held } = setupsFor(config, self, namedAddresses(withoutVirtual(found)));
    const host = this.#follow([...this.#setups(), ...instances], found); // the old ones have addresses there
    const named = namedAddresses(host);
    const nowMs = this.#machinery.clock.now();
    const isFirst = this.#config === undefined;
    this.#config = { config, self };
    this.#vips = vipsOf(config);
    this.#ownAddresses = ownAddressesOf(host, this.#vips);
    this.#signatures.configure(config, self);
    this.#dispatch({ type: 'interfaces', interfaces: this.#interfacesOf(host) });
    this.#sockets.follow([...this.#setups(), ...instances]); // the old ones still say their farewell
    this.#dispatch({
      type: 'config',
      setups: instances,
      // only a process that starts adopts: later, what is there is our own or nobody's
      ...(isFirst ? leftBehind(instances, named, nowMs) : { found: {} }),
      probes: true,
    });
    this.#sockets.follow(this.#setups());
    this.#follow(this.#setups(), host);
    this.#overhearing.follow(this.#setups());
    this.#signatures.keep(new Set(instances.map(({ name }) => name)));
    this.#hearing.keep(new Set(instances.map(({ name }) => name)));
    this.#held.follow(held);
  }

  /** What is known of how the instances' advertisements are protected, as the supervisor has stored it. */
  protect(rings: Rings): void {
    this.#signatures.protect(rings);
  }

  /** Everything that the supervisor says of the world around. */
  take(message: Exclude<ToVrrp, { type: 'config' | 'record' | 'protections' }>): void {
    this.#dispatch(message);
  }

  report(): Extract<FromVrrp, { type: 'report' }> {
    const { clock, release } = this.#machinery;
    const instances = reportOf(this.#router, this.#hearing, this.#signatures, clock);
    return { type: 'report', release, latenessMs: this.#deadline.latenessMs, instances };
  }

  /** From now on `begin`'s witness is shown every step. @throws what `begin` throws */
  witness<Kind extends Witness>(begin: (router: Router, nowMs: number) => Kind): Kind {
    const witness = begin(this.#router, this.#machinery.clock.now());
    this.#witness = witness;
    return witness;
  }

  dismiss<Value>(end: (router: Router, nowMs: number) => Value): Value {
    this.#witness = undefined;
    return end(this.#router, this.#machinery.clock.now());
  }

  /**
   * @param release gives every role away and takes the addresses out; else all stays for the next process to adopt.
   * @returns when all is given away: successors are waited for, 5 s at most. Without `release` that is at once.
   */
  stop(release: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onStopped = () => {
      this.#interfaces.stop(release);
      resolve();
    };
    this.#held.stop(release);
    this.#dispatch({ type: 'stop', release });
    return promise;
  }

  #end(): void {
    this.#stopped = true;
    this.#host.stop();
    this.#deadline.stop();
    this.#announcer.stop();
    this.#neighbours.follow([]);
    this.#sockets.close();
    this.#overhearing.close();
    this.#signatures.stop();
    this.#onStopped?.();
  }

  #setups(): InstanceSetup[] {
    return Object.values(this.#router.instances).map(({ setup }) => setup);
  }

  #hear(packet: VrrpPacket, setups: readonly InstanceSetup[]): void {
    const event = this.#hearing.take(packet, setups);
    if (event !== undefined) this.#dispatch(event);
  }

  /** One event at a time: what an effect brings about waits until the effects before it are done. */
  #dispatch(event: RouterEvent): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    if (this.#working) return;
    this.#working = true;
    this.#deadline.noteOverdue();
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
    const nowMs = this.#machinery.clock.now();
    const { router, effects } = stepRouter(before, event, nowMs);
    this.#router = router;
    this.#interfaces.raise(router);
    for (const effect of effects) this.#performer.perform(effect, before, router);
    this.#interfaces.lower(router);
    if (before.probing !== router.probing) this.#neighbours.follow(probedLinks(router));
    this.#witness?.step(event, effects, nowMs, router);
  }

  #arm(): void {
    this.#deadline.arm(this.#stopped ? null : nextDeadlineMs(this.#router, this.#machinery.clock.now()));
  }

  #reread(found: Host): void {
    const host = this.#follow(this.#setups(), found);
    const own = ownAddressesOf(host, this.#vips);
    const isMore = [...own].some((one) => !this.#ownAddresses.has(one));
    this.#ownAddresses = own;
    // a network that has just come may be where a VIP belongs, a link-local address that has gone may have a successor
    const interfaces = this.#interfacesOf(host);
    const isAnew = isMore || hasLostLinkLocal(interfaces, this.#setups());
    if (isAnew && this.#config !== undefined) this.configure(this.#config.config, this.#config.self);
    else this.#dispatch({ type: 'interfaces', interfaces });
    this.#mend(host);
  }

  /** @returns the host with the interfaces that the setups want. */
  #follow(setups: readonly InstanceSetup[], host: Host): Host {
    return this.#interfaces.follow(setups, host, () => this.#host.read());
  }

  #interfacesOf(host: Host): ReturnType<typeof interfacesOf> {
    return interfacesOf(host, this.#interfaces.problems);
  }

  /** Addresses of ours that somebody deleted come back. */
  #mend(host: Host): void {
    const isPresent = presenceOn(host);
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
}
