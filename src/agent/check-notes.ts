/** What is told of checks, one by one: who is up or down for which service, by which check, and why. */
import { dampedRise } from '../health/damping.ts';
import { describeProbe, type ProbePlan, type ProbeSpec } from '../health/probe-plan.ts';
import type { Standing, Verdict } from '../health/verdict.ts';
import type { Journal } from './journal.ts';

export class CheckNotes {
  readonly #journal: Journal;
  readonly #plan: () => ProbePlan;

  constructor(journal: Journal, plan: () => ProbePlan) {
    this.#journal = journal;
    this.#plan = plan;
  }

  /** @returns the same in few words */
  verdict(spec: ProbeSpec, { verdict, lastError, falls }: Standing, before: Verdict): string {
    const { realserver, service } = this.#usersOf(spec);
    const isDown = verdict === 'down';
    const outcome = isDown ? `failed: ${lastError}` : 'passed';
    const rise = dampedRise(spec.timing, falls);
    const flaps = isDown && falls > 1 ? `; it flaps, and is back after ${rise} successes in a row` : '';
    const message = `${realserver} is ${verdict} for ${service}: check ${describeProbe(spec)} ${outcome}${flaps}`;
    this.#journal.note(isDown ? 'warning' : 'notice', 'check', message, { realserver, service, before });
    return `${realserver} is ${verdict}`;
  }

  /** @returns the same in few words; null: whoever is down gets no weight */
  weight(spec: ProbeSpec, { verdict, weight }: Standing): string | null {
    if (verdict !== 'up') return null;
    const { realserver, service } = this.#usersOf(spec);
    const wanted = weight === null ? 'its own weight again' : `weight ${weight}`;
    const message = `${realserver} gets ${wanted} for ${service}: check ${describeProbe(spec)}`;
    this.#journal.note('info', 'check', message, { realserver, service });
    return `${realserver} gets ${wanted}`;
  }

  /** Whom a probe judges, as words. */
  #usersOf({ key }: ProbeSpec): { readonly realserver: string; readonly service: string } {
    const users = this.#plan().users.get(key) ?? [];
    return {
      realserver: [...new Set(users.map((one) => one.realserver))].join(','),
      service: [...new Set(users.map((one) => one.service))].join(','),
    };
  }
}
