/** What each service as a whole makes of its verdicts, from one look to the next. The rules are pure, in src/health. */
import type { Policy } from '../balancer/desired.ts';
import type { Config } from '../config/config.ts';
import type { ServiceConfig } from '../config/service.ts';
import { failOpenRules } from '../health/fail-open.ts';
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
import { type Vision, visionOf } from '../health/vision.ts';
import type { PolicyState } from '../status/state.ts';
import type { ServiceEntry } from '../wire/ipvs.ts';
import { Members, type MembersOptions, type Sight } from './members.ts';
import { adoptedStanding, weightsIn } from './policy-adoption.ts';
import { policyStateOf } from './policy-report.ts';

export interface PoliciesOptions extends MembersOptions {
  /** What people and commands were told of a quorum last, also by a former process. */
  readonly toldQuorum: (service: string) => Quorum;
  readonly onNews: (news: ServiceNews) => void;
  /** After a look at a service of which something has changed. */
  readonly onLook: (service: ServiceConfig, members: readonly Member[], standing: ServiceStanding) => void;
}

interface Held {
  readonly service: ServiceConfig;
  readonly rules: ServiceRules;
  standing: ServiceStanding;
  /** What the standing was made of; null: nothing yet. */
  sight: Sight | null;
}

export class Policies {
  readonly #options: PoliciesOptions;
  readonly #members: Members;
  #services = new Map<string, Held>();

  constructor(options: PoliciesOptions) {
    this.#options = options;
    this.#members = new Members(options);
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
        return [service.name, { service, rules: rulesOf(service), standing, sight: null }];
      }),
    );
  }

  look(): void {
    const { clock, onNews, onLook } = this.#options;
    const nowMs = clock.now();
    this.#members.hear();
    for (const held of this.#services.values()) {
      const { service, rules, standing: before } = held;
      const sight = this.#members.sightOf(service);
      // Only fail-open ends by the mere passing of time.
      if (sight === held.sight && before.failOpen.open === null) continue;
      held.sight = sight;
      held.standing = afterLook(before, rules, sight.members, sight.sorry, nowMs);
      for (const news of serviceNews(service, rules, before, held.standing)) onNews(news);
      onLook(service, sight.members, held.standing);
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
      policyStateOf(service, standing, this.#members.sorryOf(service), nowMs, wallOf),
    );
  }

  /** The probes that judge a realserver, or the sorry server, in a service. */
  probesOf(service: string, realserver: string): readonly string[] {
    return this.#members.probesOf(service, realserver);
  }

  /** How well each service is seen from here. */
  visions(): ReadonlyMap<string, Vision> {
    const nowMs = this.#options.clock.now();
    return new Map(
      [...this.#services].map(([name, { standing, rules, sight }]) => {
        const wanted = sight?.members.filter(({ weight }) => weight > 0).length;
        return [name, wanted === undefined ? 'poor' : visionOf(standing, rules, wanted, nowMs)];
      }),
    );
  }

  /** Whether too little is left of a service to be hard on one that flaps. */
  isDesperate(service: string): boolean {
    return this.#services.get(service)?.standing.quorum === 'down';
  }
}

function rulesOf(service: ServiceConfig): ServiceRules {
  return {
    quorum: service.quorum,
    failOpen: failOpenRules(service),
    startsUp: service.start === 'up',
    hasSorry: service.sorry !== null,
  };
}
