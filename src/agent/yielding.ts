/**
 * The director that sees less yields: where nearly all of a service fails for this director and another one sees it well, the
 * last set is kept here (fail-open), the role is handed over, and not taken again while that is so. Only a MASTER yields, and only
 * to one that says it sees more, so that never both do; where nobody takes the role it stays. And not often, so that two that see
 * badly in turn do not pass it to and fro.
 */
import { companionsOf } from '../config/group.ts';
import type { InstanceConfig } from '../config/instance.ts';
import type { Vision } from '../health/vision.ts';
import type { Clock } from '../kernel/clock.ts';
import type { InstanceReport, ToVrrp } from '../vrrp/link.ts';
import type { StoredConfig } from './config-shape.ts';
import { type Asked, blindTo, type Served, servedBy } from './exchange/sight.ts';
import type { Journal } from './journal.ts';

/** Between two attempts to give one role away. */
const PAUSE_MS = 300_000;

/** An instance that is left to another director. */
export interface Left {
  readonly instance: string;
  /** What is waited for, as in "waits for …". */
  readonly reason: string;
  /** Epoch ms. */
  readonly since: number;
}

export interface YieldingOptions {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly stored: () => StoredConfig | null;
  readonly visions: () => ReadonlyMap<string, Vision>;
  readonly seer: (asked: Asked) => string | null;
  readonly reports: () => readonly InstanceReport[];
  /** This director sees other things than before: the others shall know. */
  readonly onSight: () => void;
  readonly send: (message: ToVrrp) => boolean;
}

export class Yielding {
  readonly #options: YieldingOptions;
  readonly #yieldedMs = new Map<string, number>();
  #served: { readonly config: StoredConfig['config']; readonly served: Served } | null = null;
  #left: ReadonlyMap<string, Left> = new Map();
  /** null: not looked yet, and then nothing is well. */
  #blind: readonly string[] | null = null;

  constructor(options: YieldingOptions) {
    this.#options = options;
  }

  /** First addresses of the instances of which this director does not see all well. */
  get blind(): readonly string[] {
    const { config } = this.#options.stored() ?? {};
    return this.#blind ?? (config === undefined ? [] : blindTo(config.instances, this.#servedIn(config), () => false));
  }

  get left(): readonly Left[] {
    return [...this.#left.values()];
  }

  /** After a look at the services. */
  judge(): void {
    const { stored, visions, onSight } = this.#options;
    const current = stored();
    if (current === null) return;
    const seen = visions();
    const { config } = current;
    const blind = blindTo(config.instances, this.#servedIn(config), (service) => seen.get(service) === 'well');
    const isNews = JSON.stringify(blind) !== JSON.stringify(this.#blind);
    this.#blind = blind;
    const left = this.#instances(current).flatMap((instance) => this.#leave(instance, current, seen) ?? []);
    this.#left = new Map(left.map((one) => [one.instance, one]));
    if (isNews) onSight();
    for (const one of left) this.#yield(one);
  }

  /** Worked out once for each configuration: there may be a thousand services, and a look every second. */
  #servedIn(config: StoredConfig['config']): Served {
    if (this.#served?.config !== config) this.#served = { config, served: servedBy(config) };
    return this.#served.served;
  }

  #instances({ config, self }: StoredConfig): readonly InstanceConfig[] {
    return config.instances.filter(({ speakers }) => speakers.some(({ director }) => director === self));
  }

  #leave(instance: InstanceConfig, stored: StoredConfig, seen: ReadonlyMap<string, Vision>): Left | null {
    const { name } = instance;
    const before = this.#left.get(name);
    const failing = (this.#servedIn(stored.config).get(name) ?? []).filter(
      (service) => seen.get(service) === 'failing',
    );
    const seer = failing.length === 0 ? null : this.#options.seer(askedOf(instance, stored));
    if (seer === null) {
      if (before !== undefined) this.#note('notice', name, `${name} is no longer left to another director`);
      return null;
    }
    const what = `nearly all of ${failing.join(' and ')} fails for this director only`;
    if (before === undefined) this.#note('warning', name, `${name} is left to ${seer}, which sees more: ${what}`);
    const since = before?.since ?? this.#options.clock.wall();
    return { instance: name, reason: `sight of ${failing.join(' and ')}, which ${seer} has`, since };
  }

  #yield({ instance }: Left): void {
    const { clock, reports, send } = this.#options;
    const nowMs = clock.now();
    const isMaster = reports().find(({ name }) => name === instance)?.state === 'MASTER';
    if (!isMaster || nowMs - (this.#yieldedMs.get(instance) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    if (!send({ type: 'yield', instance })) return;
    this.#yieldedMs.set(instance, nowMs);
    this.#note('warning', instance, `${instance} is to be handed over to a director that sees more`);
  }

  #note(level: 'warning' | 'notice', instance: string, message: string): void {
    this.#options.journal.note(level, 'vrrp', message, { instance });
  }
}

/** With all that move together with it. */
function askedOf(instance: InstanceConfig, { config, generation, hash, self }: StoredConfig): Asked {
  const all = [instance, ...companionsOf(config, instance)];
  const others = instance.speakers.map(({ director }) => director).filter((director) => director !== self);
  const takesPart = (name: string): boolean =>
    all.every(({ speakers }) => speakers.some(({ director }) => director === name));
  return {
    addresses: all.flatMap(({ vips }) => vips.slice(0, 1).map(({ address }) => address)),
    directors: new Set(others.filter(takesPart)),
    generation,
    hash,
  };
}
