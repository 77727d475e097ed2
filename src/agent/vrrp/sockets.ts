/**
 * The raw sockets of all instances: one for each interface and way of sending, shared by the virtual routers on it; and one to
 * send from the virtual MAC where an instance has it.
 */
import type { VrrpNetwork, VrrpPacket, VrrpSocket, VrrpSocketOptions } from '../../kernel/vrrp-socket.ts';
import type { InstanceSetup } from '../../vrrp/instance-setup.ts';
import type { Address } from '../../wire/address.ts';
import { type Advertisement, encodeAdvertisement } from '../../wire/vrrp.ts';
import { type Log, onChange } from './log.ts';

interface Open {
  readonly socket: VrrpSocket;
  setups: readonly InstanceSetup[];
}

export type OnPacket = (packet: VrrpPacket, setups: readonly InstanceSetup[]) => void;

/** Makes the trailer of one advertisement; undefined: it goes without. */
export type Sign = (instance: string, source: Address) => ((message: Uint8Array) => Uint8Array) | undefined;

export class Sockets {
  readonly #network: VrrpNetwork;
  readonly #onPacket: OnPacket;
  readonly #sign: Sign;
  readonly #say: ReturnType<typeof onChange>;
  readonly #open = new Map<string, Open>();

  constructor(network: VrrpNetwork, onPacket: OnPacket, sign: Sign, log: Log) {
    this.#network = network;
    this.#onPacket = onPacket;
    this.#sign = sign;
    this.#say = onChange(log);
  }

  /** Opens what is missing, closes what nobody needs. */
  follow(setups: readonly InstanceSetup[]): void {
    const speaking = setups.filter(hasSource);
    const wanted = Map.groupBy(speaking, (setup) => keyOf(optionsOf(setup)));
    const virtual = new Map(
      speaking.flatMap(virtualOptionsOf).map((options): [string, VrrpSocketOptions] => [keyOf(options), options]),
    );
    for (const [key, { socket }] of this.#open) {
      if (wanted.has(key) || virtual.has(key)) continue;
      socket.close();
      this.#open.delete(key);
    }
    for (const [key, group] of wanted) this.#followOne(key, group);
    for (const [key, options] of virtual) if (!this.#open.has(key)) this.#openOne(key, options, []);
  }

  /**
   * To the group, or to each peer. Failures are logged when they begin; an advertisement is never worth more.
   * @param isVirtual from the virtual MAC, if the instance does that; failing that from the base interface all the same.
   */
  send(setup: InstanceSetup, advertisement: Advertisement, isVirtual: boolean): void {
    if (!hasSource(setup)) return;
    const base = this.#open.get(keyOf(optionsOf(setup)));
    const [virtual] = isVirtual ? virtualOptionsOf(setup).map((options) => this.#open.get(keyOf(options))) : [];
    if (base === undefined) return;
    const sign = once(this.#sign(setup.name, setup.source));
    for (const destination of setup.transport === 'multicast' ? [setup.group] : setup.peers) {
      const endpoints = { source: setup.source, destination };
      const bytes = encodeAdvertisement(advertisement, setup.checksum, endpoints, sign);
      const failed = virtual?.socket.send(bytes, destination);
      const isSent = virtual !== undefined && failed === undefined;
      const error = isSent ? undefined : (base.socket.send(bytes, destination) ?? failed);
      this.#say(`advertisements of ${setup.name} to ${destination}`, 'warning', error?.message, {
        instance: setup.name,
      });
    }
  }

  close(): void {
    this.follow([]);
  }

  #followOne(key: string, setups: readonly Speaking[]): void {
    const known = this.#open.get(key);
    const first = setups[0];
    if (known !== undefined) known.setups = setups;
    if (known !== undefined || first === undefined) return;
    this.#openOne(key, optionsOf(first), setups);
  }

  #openOne(key: string, options: VrrpSocketOptions, setups: readonly InstanceSetup[]): void {
    const { interface: on, sendsOnly } = options;
    const socket = this.#network.open(options, {
      onPacket: (packet) => {
        if (!sendsOnly) this.#onPacket(packet, this.#open.get(key)?.setups ?? []);
      },
      onError: ({ message }) => this.#say(`socket on ${on}`, 'warning', message, { interface: on }),
    });
    this.#open.set(key, { socket, setups });
  }
}

/** One advertisement is signed once, to however many it goes: without its checksum it is the same for all. */
function once(sign: ReturnType<Sign>): ReturnType<Sign> {
  let trailer: Uint8Array | undefined;
  if (sign === undefined) return undefined;
  return (message) => {
    trailer ??= sign(message);
    return trailer;
  };
}

type Speaking = InstanceSetup & { readonly source: Address };

/** Without an address there is nothing to speak from; the machine has a fault then (src/vrrp/tracking.ts). */
function hasSource(setup: InstanceSetup): setup is Speaking {
  return setup.source !== null;
}

function optionsOf({ interface: on, family, source, transport, group }: Speaking): VrrpSocketOptions {
  return { interface: on, family, source, transport, group };
}

/** None where it has no virtual MAC, or sends from the base interface. */
function virtualOptionsOf(setup: Speaking): VrrpSocketOptions[] {
  const { virtualMac } = setup;
  if (virtualMac?.transmitFrom !== 'virtual') return [];
  return [{ ...optionsOf(setup), interface: virtualMac.interface, sendsOnly: true }];
}

function keyOf({ interface: on, family, source, transport, group }: VrrpSocketOptions): string {
  return [on, family, source, transport, transport === 'multicast' ? group : ''].join(' ');
}
