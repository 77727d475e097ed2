/**
 * What the policies of a service see of its realservers. Asked at every look, and worked out anew only where a check, an override
 * or the configuration says something else than at the last: of ten thousand realservers nearly all are as they were.
 */
import { type Override, overrideFor } from '../balancer/override.ts';
import type { ServiceConfig } from '../config/service.ts';
import { type ProbePlan, SORRY } from '../health/probe-plan.ts';
import type { Member } from '../health/service-standing.ts';
import type { Standing, Verdict } from '../health/verdict.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Prober } from './prober.ts';

export interface MembersOptions {
  readonly clock: Clock;
  readonly prober: Pick<Prober, 'plan' | 'judge' | 'standing'>;
  readonly overrides: () => readonly Override[];
}

/** Of one service at one moment; the same object as before where nothing has changed. */
export interface Sight {
  readonly members: readonly Member[];
  /** The verdict on its sorry server. */
  readonly sorry: Verdict;
}

type Reading = Pick<Standing, 'verdict' | 'sinceMs' | 'weight' | 'lastError'> | undefined;

interface Seen {
  readonly sight: Sight;
  /** Of its probes, and what they said. */
  readonly keys: readonly string[];
  readonly readings: readonly Reading[];
}

interface Said {
  readonly list: readonly Override[];
  readonly byRealserver: ReadonlyMap<string, readonly Override[]>;
  /** Epoch ms between which they say the same. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export class Members {
  readonly #options: MembersOptions;
  #plan: ProbePlan | undefined;
  #probes: ReadonlyMap<string, readonly string[]> = new Map();
  #said: Said = { list: [], byRealserver: new Map(), fromMs: 0, untilMs: 0 };
  #seen = new Map<ServiceConfig, Seen>();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** The probes that judge a realserver, or the sorry server, in a service. */
  probesOf(service: string, realserver: string): readonly string[] {
    const { plan } = this.#options.prober;
    if (plan !== this.#plan) {
      this.#plan = plan;
      this.#probes = new Map(plan.judged.map((one) => [`${one.service}\n${one.realserver}`, one.probes]));
      this.#seen = new Map();
    }
    return this.#probes.get(`${service}\n${realserver}`) ?? [];
  }

  /** The verdict on a service's sorry server. */
  sorryOf({ name, sorry }: ServiceConfig): Verdict {
    return sorry === null ? 'unknown' : this.#options.prober.judge(this.probesOf(name, SORRY)).verdict;
  }

  /** After {@link hear}. */
  sightOf(service: ServiceConfig): Sight {
    const { prober } = this.#options;
    const isSamePlan = prober.plan === this.#plan;
    const before = isSamePlan ? this.#seen.get(service) : undefined;
    if (before?.keys.every((key, index) => isSame(before.readings[index], prober.standing(key)))) return before.sight;
    const sight = {
      members: service.realservers.map((one) => this.#member(service, one)),
      sorry: this.sorryOf(service),
    };
    const names = [...service.realservers.map(({ name }) => name), SORRY];
    const keys = [...new Set(names.flatMap((name) => this.probesOf(service.name, name)))];
    this.#seen.set(service, { sight, keys, readings: keys.map((key) => prober.standing(key)) });
    return sight;
  }

  #member(service: ServiceConfig, { name, weight }: ServiceConfig['realservers'][number]): Member {
    const { prober, clock } = this.#options;
    const probes = this.probesOf(service.name, name);
    const { verdict, sinceMs, weight: wanted } = prober.judge(probes);
    const down = verdict === 'down' ? probes.filter((key) => prober.standing(key)?.verdict === 'down') : [];
    const error = down.map((key) => prober.standing(key)?.lastError ?? null).find((text) => text !== null) ?? null;
    const isMeant = down.some((key) => prober.plan.probes.get(key)?.check.kind === 'file');
    const said = overrideFor(this.#said.byRealserver.get(name) ?? [], name, service.name, clock.wall());
    const isPresumed = verdict === 'down' && error === null;
    return { name, verdict, sinceMs, isPresumed, isMeant, weight: said?.weight ?? wanted ?? weight, error };
  }

  /** What operators say now; what runs out says something else from then on. */
  hear(): void {
    const { overrides, clock } = this.#options;
    const [list, wallMs] = [overrides(), clock.wall()];
    const { fromMs, untilMs } = this.#said;
    if (list === this.#said.list && wallMs >= fromMs && wallMs < untilMs) return;
    const ends = list.flatMap(({ until }) => (until === null || until <= wallMs ? [] : [until]));
    const starts = list.flatMap(({ until }) => (until === null || until > wallMs ? [] : [until]));
    this.#said = {
      list,
      byRealserver: Map.groupBy(list, ({ realserver }) => realserver),
      fromMs: Math.max(Number.NEGATIVE_INFINITY, ...starts),
      untilMs: Math.min(Number.POSITIVE_INFINITY, ...ends),
    };
    this.#seen = new Map();
  }
}

function isSame(left: Reading, right: Reading): boolean {
  if (left === right) return true;
  return (
    left?.verdict === right?.verdict &&
    left?.sinceMs === right?.sinceMs &&
    left?.weight === right?.weight &&
    left?.lastError === right?.lastError
  );
}
