/** Packets that came in: what is accepted becomes an event of the router, what is not is counted and told. */
import type { Clock } from '../../kernel/clock.ts';
import type { VrrpPacket } from '../../kernel/vrrp-socket.ts';
import { acceptPacket } from '../../vrrp/accept.ts';
import type { InstanceSetup } from '../../vrrp/instance.ts';
import type { RouterEvent } from '../../vrrp/router.ts';
import { Heard } from './heard.ts';
import { type Log, onChange } from './log.ts';

export class Hearing {
  /** The last of each source, for the report. */
  readonly heard = new Heard();
  readonly #clock: Clock;
  readonly #say: ReturnType<typeof onChange>;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#say = onChange(log);
  }

  /** @returns what the router is to know of it; undefined of a packet that is not for any instance here */
  take(packet: VrrpPacket, setups: readonly InstanceSetup[]): RouterEvent | undefined {
    const accepted = acceptPacket(packet, setups);
    if (accepted.verdict === 'foreign') return undefined;
    const { instance } = accepted;
    const { source } = packet;
    const nowMs = this.#clock.now();
    if (accepted.verdict === 'dropped') {
      const { reason } = accepted;
      this.heard.dropped(instance, reason, source, nowMs);
      const text = `packets are dropped: ${reason}`;
      this.#say(`${reason} packets to ${instance}`, 'warning', text, { instance, source });
      return { type: 'dropped', instance, reason };
    }
    const notes = accepted.notes.length > 0 ? accepted.notes.join('; ') : undefined;
    this.#say(`agreement of ${instance} with ${source}`, 'warning', notes, { instance, source });
    const { advertisement } = accepted;
    this.heard.accepted(instance, source, advertisement.priority, nowMs);
    return { type: 'advertisement', instance, advertisement, source };
  }
}
