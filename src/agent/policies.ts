/** What each service as a whole makes of its verdicts, from one look to the next. The rules are pure, in src/health. */
import type { Policy } from '../balancer/desired.ts';
import { type Override, overrideFor } from '../balancer/override.ts';
import type { Config } from '../config/config.ts';
import type { ServiceConfig } from '../config/service.ts';
import { failOpenRules } from '../health/fail-open.ts';
import { type ProbePlan, SORRY } from '../health/probe-plan.ts';
import type { Quorum } from '../health/quorum.ts';
import { type ServiceNews, serviceNews } from '../health/service-news.ts';
import {
  afterLook,
  isHeld,
  type Member,
  type ServiceRules,
  type ServiceStanding,
  startingStanding,
} from '../health/service-standing.ts';
import type { Verdict } from '../health/verdict.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PolicyState } from '../status/state.ts';
import type { ServiceEntry } from '../wire/ipvs.ts';
import { adoptedStanding, weightsIn } from './policy-adoption.ts';
import { policyStateOf } from './policy-report.ts';
import type { Prober } from './prober.ts';

export interface PoliciesOptions {
  readonly clock: Clock;
  readonly prober: Pick<Prober, 'plan' | 'judge' | 'standing'>;
  readonly overrides: () => readonly Override[];
  /** What people and commands were told of a quorum last, also by a former process. */
  readonly toldQuorum: (service: string) => Quorum;
  readonly onNews: (news: ServiceNews) => void;
  /** After every look at a service. */
  readonly onLook: (service: ServiceConfig, members: readonly Member[], standing: ServiceStanding) => void;
}

interface Held {
  readonly service: ServiceConfig;
  readonly rules: ServiceRules;
  standing: ServiceStanding;
}

export class Policies {
  readonly #options: PoliciesOptions;
  #services = new Map<string, Held>();
  #plan: ProbePlan | undefined;
  #probes: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(options: PoliciesOptions) {
    this.#options = options;
  }

  /** Services that stay go on as they were; one that is new here starts from what the kernel has of it. */
  configure(config: Config | null, kernel: readonly ServiceEntry[]): void {
    const before = this.#services;
    const nowMs = this.#options.clock.now();
    const weights = weightsIn(kernel);
    this.#services = new Map(
      (config?.services ?? []).map((service) => {
        const known = before.get(service.name)?.standing;
        const told = this.#options.toldQuorum(service.name);
        const standing = known ?? startingStanding(nowMs, adoptedStanding(service, weights, nowMs, told));
        return [service.name, { service, rules: rulesOf(service), standing }];
      }),
    );
  }

  look(): void {
    const { clock, onNews, onLook } = this.#options;
    const nowMs = clock.now();
    for (const held of this.#services.values()) {
      const { service, rules, standing: before } = held;
      const members = this.#membersOf(service);
      const sorry = this.#sorryOf(service);
      held.standing = afterLook(before, rules, members, sorry, nowMs);
      for (const news of serviceNews(service, rules, before, held.standing)) onNews(news);
      onLook(service, members, held.standing);
    }
  }

  policyOf(name: string): Policy {
    const standing = this.#services.get(name)?.standing;
    const nowMs = this.#options.clock.now();
    return {
      isHeld: (realserver) => standing !== undefined && isHeld(standing, realserver),
      servedMs: (realserver) => nowMs - (standing?.servingSince.get(realserver) ?? nowMs),
      sorryServes: standing?.sorryServes ?? false,
    };
  }

  /** @param wallOf - epoch ms of a time on the agent's monotonic clock */
  states(wallOf: (monotonicMs: number) => number): PolicyState[] {
    const nowMs = this.#options.clock.now();
    return [...this.#services.values()].map(({ service, standing }) =>
      policyStateOf(service, standing, this.#sorryOf(service), nowMs, wallOf),
    );
  }

  /** The probes that judge a realserver, or the sorry server, in a service. */
  probesOf(service: string, realserver: string): readonly string[] {
    const { plan } = this.#options.prober;
    if (plan !== this.#plan) {
      this.#plan = plan;
      this.#probes = new Map(plan.judged.map((one) => [`${one.service}\n${one.realserver}`, one.probes]));
    }
    return this.#probes.get(`${service}\n${realserver}`) ?? [];
  }

  #membersOf({ name: service, realservers }: ServiceConfig): Member[] {
    const { clock, prober, overrides } = this.#options;
    const [said, wallMs] = [overrides(), clock.wall()];
    return realservers.map(({ name, weight }) => {
      const probes = this.probesOf(service, name);
      const { verdict, sinceMs, weight: wanted } = prober.judge(probes);
      const failed = verdict === 'down' ? probes.map((key) => prober.standing(key)).find(hasFailed) : undefined;
      const error = failed?.lastError ?? null;
      const isPresumed = verdict === 'down' && error === null;
      const target = overrideFor(said, name, service, wallMs)?.weight ?? wanted ?? weight;
      return { name, verdict, sinceMs, isPresumed, weight: target, error };
    });
  }

  #sorryOf({ name, sorry }: ServiceConfig): Verdict {
    return sorry === null ? 'unknown' : this.#options.prober.judge(this.probesOf(name, SORRY)).verdict;
  }
}

function hasFailed(standing: ReturnType<Prober['standing']>): boolean {
  return standing?.verdict === 'down' && standing.lastError !== null;
}

function rulesOf(service: ServiceConfig): ServiceRules {
  return {
    quorum: service.quorum,
    failOpen: failOpenRules(service),
    startsUp: service.start === 'up',
    hasSorry: service.sorry !== null,
  };
}
