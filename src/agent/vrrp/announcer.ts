/** Tells the neighbours who has an address: gratuitous ARP and unsolicited neighbour advertisements, a few at a time. */
import type { FrameSender } from '../../kernel/arp.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { VirtualAddress } from '../../vrrp/instance-setup.ts';
import { familyOf } from '../../wire/address.ts';
import { gratuitousArp } from '../../wire/arp.ts';
import { neighbourAdvertisement } from '../../wire/ndp.ts';
import { AnnouncementQueue } from './announcement-queue.ts';
import { type Log, onChange } from './log.ts';

export interface AnnouncerOptions {
  readonly frames: FrameSender;
  readonly clock: Clock;
  readonly log: Log;
  /** Called before what waited is sent: whoever lost its addresses meanwhile, in a stall, takes them out of the queue here. */
  readonly beforeTurn: () => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #say: ReturnType<typeof onChange>;
  readonly #queue = new AnnouncementQueue();
  #cancel: () => void = () => undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#say = onChange(options.log);
  }

  /** The first go out before it returns. */
  announce(addresses: readonly VirtualAddress[], rounds: number, intervalMs: number): void {
    this.#queue.add(addresses, rounds, intervalMs);
    this.#turn();
  }

  forget(addresses: readonly VirtualAddress[]): void {
    this.#queue.forget(addresses);
  }

  stop(): void {
    this.#cancel();
  }

  #turn(): void {
    const { clock, frames, beforeTurn } = this.#options;
    const macs = new Map<string, Uint8Array | undefined>();
    for (const one of this.#queue.take(clock.now())) {
      if (!macs.has(one.interface)) macs.set(one.interface, frames.macOf(one.interface));
      this.#send(one, macs.get(one.interface));
    }
    this.#cancel();
    const nextAtMs = this.#queue.nextAtMs();
    if (nextAtMs === null) return;
    this.#cancel = clock.setTimer(nextAtMs, () => {
      beforeTurn();
      this.#turn();
    });
  }

  #send({ address, interface: on }: VirtualAddress, mac: Uint8Array | undefined): void {
    if (mac === undefined) return; // no neighbours to tell: the loopback, or an interface that is gone
    const frame = familyOf(address) === 4 ? gratuitousArp(mac, address) : neighbourAdvertisement(mac, address);
    const error = this.#options.frames.sendFrame(on, frame);
    this.#say(`announcements on ${on}`, 'warning', error?.message);
  }
}
