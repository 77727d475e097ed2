/** Gives realservers their weight back at every director at once. */
import { countsOf } from '../status/drain.ts';
import type { DirectorAgent } from './director-agent.ts';
import { type DirectorFailure, DirectorsTold } from './directors-told.ts';
import type { Subject } from './drain-plan.ts';
import { REAL_TIME, type Time } from './failover.ts';

export interface UndrainOptions {
  readonly subjects: readonly Subject[];
  /** Not drained as far as is known: told for a director that is away and may know otherwise. */
  readonly also?: readonly Subject[];
  /** null: whatever was said of them. */
  readonly services: readonly string[] | null;
  readonly directors: ReadonlyMap<string, DirectorAgent>;
  /** @default the machine's own */
  readonly time?: Time;
}

export interface Undrained {
  readonly realserver: string;
  /** Its weight now, by service; 0: its checks keep it out, or its slow start begins. */
  readonly weights: Readonly<Record<string, number>>;
}

export interface UndrainResult {
  readonly realservers: readonly Undrained[];
  readonly failures: readonly DirectorFailure[];
}

/** Never throws for a director that fails. */
export async function undrain({
  subjects,
  also = [],
  services,
  directors,
  time = REAL_TIME,
}: UndrainOptions): Promise<UndrainResult> {
  const told = new DirectorsTold(directors, time);
  const realservers = [...subjects, ...also].map(({ realserver }) => realserver);
  if (realservers.length > 0) await told.tell('/v1/undrain', [{ realservers, services }]);
  const weightOf = (realserver: string, service: string): number =>
    Math.max(0, ...told.states().map((state) => countsOf(state, realserver, [service]).weight));
  return {
    realservers: subjects.map((subject) => ({
      realserver: subject.realserver,
      weights: Object.fromEntries(subject.services.map((name) => [name, weightOf(subject.realserver, name)])),
    })),
    failures: told.failures,
  };
}
