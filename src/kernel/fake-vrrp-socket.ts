/** VRRP sockets without a kernel: what one sends on an interface, the others on the same {@link FakeLan} receive. */
import type { Address } from '../wire/address.ts';
import type { Clock } from './clock.ts';
import { KernelError } from './kernel-error.ts';
import type { VrrpHandlers, VrrpNetwork, VrrpSocket, VrrpSocketOptions } from './vrrp-socket.ts';

interface Member {
  readonly host: string;
  readonly options: VrrpSocketOptions;
  readonly handlers: VrrpHandlers;
}

export interface SentPacket {
  readonly host: string;
  readonly payload: Uint8Array;
  readonly destination: Address;
  readonly atMs: number;
}

/** One network segment. Delivery is at once and in order unless {@link delaysMs} says otherwise; {@link cut} hosts neither send nor receive. */
export class FakeLan {
  readonly sent: SentPacket[] = [];
  readonly cut = new Set<string>();
  /** After how long each copy of a packet comes to a host: none is a loss, two a duplicate, 0 is at once. */
  delaysMs: (from: string, to: string) => readonly number[] = () => [0];
  readonly #clock: Clock;
  #members: Member[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The sockets of one host on this segment. */
  host(host: string): VrrpNetwork {
    return {
      open: (options, handlers): VrrpSocket => {
        const member = { host, options, handlers };
        this.#members.push(member);
        return {
          send: (payload, destination) => this.#send(member, payload, destination),
          close: () => {
            this.#members = this.#members.filter((other) => other !== member);
          },
        };
      },
    };
  }

  #send(from: Member, payload: Uint8Array, destination: Address): KernelError | undefined {
    if (this.cut.has(from.host)) {
      return new KernelError({ operation: 'send VRRP packet', target: destination, errno: 100 });
    }
    this.sent.push({ host: from.host, payload, destination, atMs: this.#clock.now() });
    for (const to of this.#members) {
      if (to.host === from.host || this.cut.has(to.host) || !hears(to, destination)) continue;
      for (const delayMs of this.delaysMs(from.host, to.host)) this.#deliver(from, to, payload, destination, delayMs);
    }
    return undefined;
  }

  #deliver(from: Member, to: Member, payload: Uint8Array, destination: Address, delayMs: number): void {
    const { source } = from.options;
    const arrive = (): void => {
      if (!this.#members.includes(to)) return;
      const receivedAtMs = this.#clock.now();
      to.handlers.onPacket({ payload: payload.slice(), source, destination, ttl: 255, ifindex: 1, receivedAtMs });
    };
    if (delayMs === 0) arrive();
    else this.#clock.setTimer(this.#clock.now() + delayMs, arrive);
  }
}

function hears({ options }: Member, destination: Address): boolean {
  if (options.sendsOnly) return false;
  return destination === options.source || (options.transport === 'multicast' && destination === options.group);
}
