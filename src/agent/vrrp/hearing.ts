/** Packets that came in: what is accepted becomes an event of the router, what is not is counted and told. */
import type { Clock } from '../../kernel/clock.ts';
import type { VrrpPacket } from '../../kernel/vrrp-socket.ts';
import { type Acceptance, acceptPacket } from '../../vrrp/accept.ts';
import type { InstanceSetup } from '../../vrrp/instance-setup.ts';
import type { RouterEvent } from '../../vrrp/router.ts';
import { strangerIn } from '../../vrrp/stranger.ts';
import type { Address } from '../../wire/address.ts';
import { Heard } from './heard.ts';
import { type Log, onChange } from './log.ts';
import type { Signatures } from './signatures.ts';
import { Strangers } from './strangers.ts';

type Told = Exclude<Acceptance, { verdict: 'foreign' }>;

export class Hearing {
  /** The last of each source, for the report. */
  readonly heard = new Heard();
  readonly strangers = new Strangers();
  readonly #clock: Clock;
  readonly #signatures: Signatures;
  readonly #say: ReturnType<typeof onChange>;

  constructor(clock: Clock, signatures: Signatures, log: Log) {
    this.#clock = clock;
    this.#signatures = signatures;
    this.#say = onChange(log);
  }

  /** Forgets instances that are no longer there. */
  keep(instances: ReadonlySet<string>): void {
    this.heard.keep(instances);
    this.strangers.keep(instances);
  }

  /** @returns what the router is to know of it; undefined of a packet that is not for any instance here */
  take(packet: VrrpPacket, setups: readonly InstanceSetup[]): RouterEvent | undefined {
    const accepted = acceptPacket(packet, setups, this.#signatures.authenticate);
    if (accepted.verdict === 'foreign') return undefined;
    this.#signatures.heard(packet.source, accepted);
    const { instance } = accepted;
    const { source } = packet;
    const nowMs = this.#clock.now();
    this.#noteStranger(accepted, source, setups, nowMs);
    if (accepted.verdict === 'dropped') {
      const { reason } = accepted;
      this.heard.dropped(instance, reason, source, nowMs);
      const text = `packets are dropped: ${reason}`;
      this.#say(`${reason} packets to ${instance}`, 'warning', text, { instance, source });
      return { type: 'dropped', instance, reason, ...(accepted.isAlive ? { isAlive: true, source } : {}) };
    }
    const notes = accepted.notes.length > 0 ? accepted.notes.join('; ') : undefined;
    this.#say(`agreement of ${instance} with ${source}`, 'warning', notes, { instance, source });
    const { advertisement } = accepted;
    this.heard.accepted(instance, source, advertisement.priority, nowMs);
    return { type: 'advertisement', instance, advertisement, source };
  }

  #noteStranger(told: Told, source: Address, setups: readonly InstanceSetup[], nowMs: number): void {
    const { instance, advertisement } = told;
    const setup = setups.find(({ name }) => name === instance);
    if (advertisement === undefined || setup === undefined) return;
    const reason = told.verdict === 'dropped' ? told.reason : null;
    const stranger = strangerIn(source, advertisement, reason, setup);
    if (stranger !== undefined) this.strangers.take(instance, stranger, nowMs);
  }
}
