/** Which realservers and services have gone down or come up, from one look at the verdicts to the next. Pure. */
import { type ProbePlan, SORRY } from '../../health/probe-plan.ts';
import type { Standing, Verdict } from '../../health/verdict.ts';
import { allOf } from '../../health/verdict.ts';

interface Judgement {
  /** null: the service as a whole, which is up while one of its realservers is. */
  readonly realserver: string | null;
  readonly service: string;
  readonly verdict: Verdict;
  readonly cause: string;
}

export interface VerdictChange extends Pick<Judgement, 'realserver' | 'service' | 'cause'> {
  readonly from: 'up' | 'down' | null;
  readonly to: 'up' | 'down';
}

export type Judgements = ReadonlyMap<string, Judgement>;

export function judgementsOf({ judged }: ProbePlan, standing: (key: string) => Standing | undefined): Judgements {
  const realservers = judged.map(({ realserver, service, probes }): Judgement => {
    const standings = probes.flatMap((key) => standing(key) ?? []);
    const verdict = allOf(standings.map((one) => one.verdict));
    const failed = standings.find((one) => one.verdict === 'down')?.lastError;
    return {
      realserver,
      service,
      verdict,
      cause: verdict === 'down' ? (failed ?? 'a check failed') : 'its checks pass',
    };
  });
  const serving = realservers.filter(({ realserver }) => realserver !== SORRY);
  const services = [...Map.groupBy(serving, ({ service }) => service)].map(([service, all]) => serviceOf(service, all));
  return new Map([...realservers, ...services].map((one) => [`${one.service}\n${one.realserver ?? ''}`, one]));
}

function serviceOf(service: string, all: readonly Judgement[]): Judgement {
  const alive = all.filter(({ verdict }) => verdict === 'up').length;
  const verdict = alive > 0 ? 'up' : all.some((one) => one.verdict === 'unknown') ? 'unknown' : 'down';
  const cause = alive > 0 ? `${alive} of its ${all.length} realservers are up` : 'none of its realservers is up';
  return { realserver: null, service, verdict, cause };
}

/** What is unknown now keeps what was known of it: a check that was changed has yet to be answered. */
export function remembered(before: Judgements, now: Judgements): Judgements {
  return new Map([...now].map(([key, one]) => [key, one.verdict === 'unknown' ? (before.get(key) ?? one) : one]));
}

/** @returns changes, services last: what brought them about stands before them. Coming up for the first time is none. */
export function verdictChanges(before: Judgements, now: Judgements): VerdictChange[] {
  return [...now].flatMap(([key, { verdict: to, ...what }]): VerdictChange[] => {
    const known = before.get(key)?.verdict ?? 'unknown';
    const from = known === 'unknown' ? null : known;
    if (to === 'unknown' || to === from || (from === null && to === 'up')) return [];
    return [{ ...what, from, to }];
  });
}
