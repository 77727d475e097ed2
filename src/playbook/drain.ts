/** Takes realservers out at every director at once and waits until their last connection has ended. */
import { countsOf } from '../status/drain.ts';
import type { AgentState } from '../status/state.ts';
import type { DirectorAgent } from './director-agent.ts';
import { type DirectorFailure, DirectorsTold } from './directors-told.ts';
import { isDrainedAt, type Left, type Look, leftText, lookAt } from './drain-look.ts';
import type { DrainOrder, Subject } from './drain-plan.ts';
import { REAL_TIME, type Time } from './failover.ts';
import { HostError } from './failure.ts';

/** The agent programs the kernel before it answers; a table that it cannot program is told by then. */
const PROGRAMMED_WITHIN_MS = 5_000;
const POLL_MS = 1_000;

export interface DrainOptions {
  readonly subjects: readonly Subject[];
  readonly orders: readonly DrainOrder[];
  readonly directors: ReadonlyMap<string, DirectorAgent>;
  /** Who drains, as the agents keep it. */
  readonly owner: string;
  /** Services whose persistent clients are waited for. */
  readonly persistent: ReadonlySet<string>;
  /** null: not at all. */
  readonly waitMs: number | null;
  readonly doing: (realserver: string, what: string) => void;
  readonly stopping: () => boolean;
  /** @default the machine's own */
  readonly time?: Time;
}

export interface Drained {
  readonly realserver: string;
  readonly services: readonly string[];
  /**
   * drained: weight 0, not waited for; empty: nothing is left; timeout and interrupted: something is, and it stays drained;
   * ended: somebody has taken it back, or its time was over; unknown: no director can be asked any more.
   */
  readonly outcome: 'drained' | 'empty' | 'timeout' | 'interrupted' | 'ended' | 'unknown';
  readonly seconds: number;
  /** What was left at the last look, at each director that answered. */
  readonly left: readonly Left[];
}

export interface DrainResult {
  readonly realservers: readonly Drained[];
  readonly failures: readonly DirectorFailure[];
}

/** Never throws for a director that fails: the others drain all the same. */
export async function drain(options: DrainOptions): Promise<DrainResult> {
  const { subjects, orders, owner, persistent, doing, time = REAL_TIME } = options;
  const told = new DirectorsTold(options.directors, time);
  const begunMs = time.now();
  await told.tell(
    '/v1/drain',
    orders.map((order) => ({ ...order, owner })),
  );
  await untilProgrammed(told, subjects, time);
  const done: Drained[] = [];
  for (let open = subjects; ; await told.look()) {
    const sinceMs = time.now() - begunMs;
    const rest: Subject[] = [];
    for (const subject of open) {
      const now = lookAt(subject, told.states(), persistent);
      const outcome = told.isOver ? unasked(options) : outcomeOf(now, sinceMs, told.isComplete, options);
      const { realserver, services } = subject;
      if (outcome !== null)
        done.push({ realserver, services, outcome, seconds: Math.round(sinceMs / 100) / 10, left: now.left });
      else {
        rest.push(subject);
        doing(realserver, leftText(now.left, told.silent));
      }
    }
    if (rest.length === 0) break;
    open = rest;
    await time.pause(POLL_MS);
  }
  return { realservers: done, failures: told.failures };
}

/** Nobody can be asked any more: no wonder after a second ^C, which breaks all connections off. */
function unasked({ stopping }: DrainOptions): Drained['outcome'] {
  return stopping() ? 'interrupted' : 'unknown';
}

/** null: it goes on. */
function outcomeOf(
  { isTakenBack, isEmpty }: Look,
  sinceMs: number,
  isComplete: boolean,
  { waitMs, stopping }: DrainOptions,
): Drained['outcome'] | null {
  if (isTakenBack) return 'ended';
  if (waitMs === null) return 'drained';
  if (isComplete && isEmpty) return 'empty';
  if (stopping()) return 'interrupted';
  return sinceMs >= waitMs ? 'timeout' : null;
}

/** A director whose kernel does not have weight 0 in time is told of, and still watched. */
async function untilProgrammed(told: DirectorsTold, subjects: readonly Subject[], time: Time): Promise<void> {
  const until = time.now() + PROGRAMMED_WITHIN_MS;
  const weighing = (state: AgentState): string[] =>
    subjects
      .filter((subject) => isDrainedAt(state, subject))
      .flatMap(({ realserver, services }) => {
        const { weight } = countsOf(state, realserver, services);
        return weight > 0 ? [`${realserver} still has weight ${weight}`] : [];
      });
  while (told.states().some((state) => weighing(state).length > 0)) {
    if (time.now() < until) {
      await time.pause(POLL_MS);
      await told.look();
      continue;
    }
    for (const state of told.states()) {
      const found = weighing(state);
      const why = state.ipvs.error === null ? '' : `: ${state.ipvs.error}`;
      if (found.length > 0) told.fail(state.director, new HostError(state.director, `${found.join(', ')}${why}`));
    }
    return;
  }
}
