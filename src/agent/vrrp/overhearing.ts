/**
 * What is said by multicast where our instances speak by unicast: else nobody would know that somebody on the link uses the same
 * VRID. A socket an interface and family, which never sends.
 */
import type { VrrpNetwork, VrrpSocket } from '../../kernel/vrrp-socket.ts';
import type { InstanceSetup } from '../../vrrp/instance-setup.ts';
import { type Log, onChange } from './log.ts';
import type { OnPacket } from './sockets.ts';

interface Open {
  readonly socket: VrrpSocket;
  setups: readonly InstanceSetup[];
}

export class Overhearing {
  readonly #network: VrrpNetwork;
  readonly #onPacket: OnPacket;
  readonly #say: ReturnType<typeof onChange>;
  readonly #open = new Map<string, Open>();

  constructor(network: VrrpNetwork, onPacket: OnPacket, log: Log) {
    this.#network = network;
    this.#onPacket = onPacket;
    this.#say = onChange(log);
  }

  /** Opens what is missing, closes what nobody needs. */
  follow(setups: readonly InstanceSetup[]): void {
    const wanted = Map.groupBy(setups.filter(isUnicast), keyOf);
    for (const [key, { socket }] of this.#open) {
      if (wanted.has(key)) continue;
      socket.close();
      this.#open.delete(key);
    }
    for (const [key, some] of wanted) {
      const known = this.#open.get(key);
      if (known === undefined) this.#listen(key, some);
      else known.setups = some;
    }
  }

  close(): void {
    this.follow([]);
  }

  #listen(key: string, setups: readonly InstanceSetup[]): void {
    const { interface: on, family, source = null, group } = setups[0] ?? {};
    if (on === undefined || family === undefined || source === null || group === undefined) return;
    const socket = this.#network.open(
      { interface: on, family, source, transport: 'multicast', group },
      {
        onPacket: (packet) => {
          // what is sent to us comes to the socket that speaks, too
          if (packet.destination === group) this.#onPacket(packet, this.#open.get(key)?.setups ?? []);
        },
        onError: ({ message }) => this.#say(`multicast on ${on}`, 'info', message, { interface: on }),
      },
    );
    this.#open.set(key, { socket, setups });
  }
}

function isUnicast({ transport, source }: InstanceSetup): boolean {
  return transport === 'unicast' && source !== null;
}

function keyOf({ interface: on, family, source, group }: InstanceSetup): string {
  return [on, family, source, group].join(' ');
}
