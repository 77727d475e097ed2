/** What the router's effects bring about outside: packets, addresses, announcements, and word of it. */
import type { Clock } from '../../kernel/clock.ts';
import type { Effect } from '../../vrrp/instance.ts';
import type { FromVrrp } from '../../vrrp/link.ts';
import type { Router, RouterEvent } from '../../vrrp/router.ts';
import type { VirtualAddresses } from './addresses.ts';
import type { Log } from './log.ts';
import type { SilentAddresses } from './silent.ts';
import type { Sockets } from './sockets.ts';

/** What happens on its own and the supervisor is told. */
export type News = Extract<FromVrrp, { type: 'transition' | 'hand-over' | 'relay' }>;

export interface PerformerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly sockets: Sockets;
  readonly virtual: VirtualAddresses;
  readonly silent: SilentAddresses;
  /** Says whether anybody heard it. */
  readonly tell: (news: News) => boolean;
  /** Something that comes of an effect; taken when all effects are performed. */
  readonly dispatch: (event: RouterEvent) => void;
}

export class Performer {
  readonly #options: PerformerOptions;

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  /** @param before - the step that brought it about, @param after - what it made */
  perform(effect: Effect, before: Router, after: Router): void {
    const { virtual, silent, log } = this.#options;
    switch (effect.type) {
      case 'send':
        this.#send(effect, before, after);
        break;
      case 'add-addresses':
      case 'refresh-addresses':
        virtual.hold(effect.addresses, effect.lifetimeSeconds);
        break;
      case 'delete-addresses':
        virtual.release(effect.addresses);
        break;
      case 'silence-addresses':
        silent.silence(effect.addresses, effect.lifetimeSeconds);
        break;
      case 'unsilence-addresses':
        silent.unsilence(effect.addresses);
        break;
      case 'prepare-relay':
        this.#prepareRelay(effect);
        break;
      case 'hand-over':
        this.#handOver(effect);
        break;
      case 'announce':
        virtual.announce(effect.addresses, effect.rounds, effect.intervalMs);
        break;
      case 'transition':
        this.#transition(effect, after);
        break;
      case 'unexpected':
        log('error', 'event refused', { ...effect });
    }
  }

  /** The instance as it was when it spoke: a configuration may have put another in its place. */
  #send(effect: Extract<Effect, { type: 'send' }>, before: Router, after: Router): void {
    const { instance, interface: on, advertisement } = effect;
    const { vrid, version } = advertisement;
    const speaker = [after, before]
      .flatMap(({ instances }) => instances[instance]?.setup ?? [])
      .find((setup) => setup.interface === on && setup.vrid === vrid && setup.version === version);
    if (speaker !== undefined) this.#options.sockets.send(speaker, advertisement);
  }

  #prepareRelay({ instance, to }: Extract<Effect, { type: 'prepare-relay' }>): void {
    // nobody there who could relay: then nothing is waited for
    if (!this.#options.tell({ type: 'relay', instance, to })) this.#options.dispatch({ type: 'relay-ready', instance });
  }

  #handOver({ instance, outcome, cause }: Extract<Effect, { type: 'hand-over' }>): void {
    const { log, tell } = this.#options;
    const what = outcome === 'begun' ? 'hands over' : 'is still MASTER';
    log(outcome === 'begun' ? 'notice' : 'warning', `${instance} ${what}`, { instance, cause });
    tell({ type: 'hand-over', instance, outcome, cause });
  }

  #transition({ instance, from, to, cause }: Extract<Effect, { type: 'transition' }>, after: Router): void {
    const { clock, log, tell } = this.#options;
    const level = to === 'FAULT' ? 'warning' : 'notice';
    log(level, `${instance} is ${to}`, { instance, from, to, cause });
    const priority = after.instances[instance]?.priority ?? 0;
    tell({ type: 'transition', instance, from, to, cause, at: clock.wall(), priority });
  }
}
