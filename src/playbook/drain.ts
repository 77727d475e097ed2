/** Takes realservers out at every director at once and waits until their last connection has ended, and the way back. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Counts, countsOf, drainOf } from '../status/drain.ts';
import type { AgentState } from '../status/state.ts';
import type { DirectorAgent } from './director-agent.ts';
import type { DrainOrder, Subject } from './drain-plan.ts';
import type { Time } from './failover.ts';
import { failureOf, HostError, type HostFailure } from './failure.ts';

/** The agent programs the kernel before it answers; a table that it cannot program is told by then. */
const PROGRAMMED_WITHIN_MS = 5_000;
const POLL_MS = 1_000;
/** An agent that restarts is back long before. */
const SILENT_FOR_MS = 30_000;

const REAL: Time = { now: () => performance.now(), pause: (ms) => pause(ms) };

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

export interface Left extends Counts {
  readonly director: string;
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

/** A director that did not do as told, or could not be asked to the end. */
export interface DirectorFailure extends HostFailure {
  /** It knows the drain, and keeps it. */
  readonly knows: boolean;
}

/** Never throws for a director that fails: the others drain all the same. */
export async function drain(options: DrainOptions): Promise<DrainResult> {
  const { subjects, orders, owner, persistent, doing, time = REAL } = options;
  const asked = new Asked(options.directors, time);
  const begunMs = time.now();
  await asked.tell(
    '/v1/drain',
    orders.map((order) => ({ ...order, owner })),
  );
  await untilProgrammed(asked, subjects, time);
  const done: Drained[] = [];
  for (let open = subjects; ; await asked.look()) {
    const sinceMs = time.now() - begunMs;
    const rest: Subject[] = [];
    for (const subject of open) {
      const now = lookAt(subject, asked.states(), persistent);
      const outcome = asked.isOver ? 'unknown' : outcomeOf(now, sinceMs, asked.isComplete, options);
      const { realserver, services } = subject;
      if (outcome !== null)
        done.push({ realserver, services, outcome, seconds: Math.round(sinceMs / 100) / 10, left: now.left });
      else {
        rest.push(subject);
        doing(realserver, leftText(now.left, asked.silent));
      }
    }
    if (rest.length === 0) break;
    open = rest;
    await time.pause(POLL_MS);
  }
  return { realservers: done, failures: asked.failures };
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

export interface UndrainOptions extends Pick<DrainOptions, 'subjects' | 'directors' | 'time'> {
  readonly services: readonly string[] | null;
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
export async function undrain({ subjects, services, directors, time = REAL }: UndrainOptions): Promise<UndrainResult> {
  const asked = new Asked(directors, time);
  const realservers = subjects.map(({ realserver }) => realserver);
  if (realservers.length > 0) await asked.tell('/v1/undrain', [{ realservers, services }]);
  const weightOf = (realserver: string, service: string): number =>
    Math.max(0, ...asked.states().map((state) => countsOf(state, realserver, [service]).weight));
  return {
    realservers: subjects.map((subject) => ({
      realserver: subject.realserver,
      weights: Object.fromEntries(subject.services.map((name) => [name, weightOf(subject.realserver, name)])),
    })),
    failures: asked.failures,
  };
}

/** The directors that take part, and what each said last. */
class Asked {
  readonly failures: DirectorFailure[] = [];
  readonly #agents: Map<string, DirectorAgent>;
  readonly #time: Time;
  readonly #states = new Map<string, AgentState>();
  readonly #silentSince = new Map<string, number>();

  constructor(directors: ReadonlyMap<string, DirectorAgent>, time: Time) {
    this.#agents = new Map(directors);
    this.#time = time;
  }

  /** Of those that answered at the last look, in the order of the topology, whoever was first. */
  states(): AgentState[] {
    return [...this.#agents.keys()].flatMap((director) => this.#states.get(director) ?? []);
  }

  get silent(): string[] {
    return [...this.#silentSince.keys()];
  }

  /** Every director that takes part has answered. */
  get isComplete(): boolean {
    return this.#silentSince.size === 0;
  }

  /** None takes part any more. */
  get isOver(): boolean {
    return this.#agents.size === 0;
  }

  /** All at once. Whoever refuses takes part no longer. */
  async tell(path: string, bodies: readonly object[]): Promise<void> {
    await Promise.all(
      [...this.#agents].map(async ([director, agent]) => {
        try {
          for (const body of bodies) await agent.post(path, body);
        } catch (error) {
          this.#drop(director, error, false);
        }
      }),
    );
    await this.look();
  }

  async look(): Promise<void> {
    await Promise.all(
      [...this.#agents].map(async ([director, agent]) => {
        try {
          this.#states.set(director, await agent.state());
          this.#silentSince.delete(director);
        } catch (error) {
          this.#states.delete(director);
          this.#bear(director, error);
        }
      }),
    );
  }

  fail(director: string, error: unknown, knows = true): void {
    this.failures.push({ ...failureOf(director, error), knows });
  }

  #drop(director: string, error: unknown, knows: boolean): void {
    this.#agents.delete(director);
    this.#states.delete(director);
    this.#silentSince.delete(director);
    this.fail(director, error, knows);
  }

  /** An agent may restart; a connection that broke stays broken. */
  #bear(director: string, error: unknown): void {
    const nowMs = this.#time.now();
    const since = this.#silentSince.get(director) ?? nowMs;
    this.#silentSince.set(director, since);
    if (!(error instanceof HostError) || nowMs - since >= SILENT_FOR_MS) this.#drop(director, error, true);
  }
}

/** A director whose kernel does not have weight 0 in time is told of, and still watched. */
async function untilProgrammed(asked: Asked, subjects: readonly Subject[], time: Time): Promise<void> {
  const until = time.now() + PROGRAMMED_WITHIN_MS;
  const weighing = (state: AgentState): string[] =>
    subjects
      .filter((subject) => isDrainedAt(state, subject))
      .flatMap(({ realserver, services }) => {
        const { weight } = countsOf(state, realserver, services);
        return weight > 0 ? [`${realserver} still has weight ${weight}`] : [];
      });
  while (asked.states().some((state) => weighing(state).length > 0)) {
    if (time.now() < until) {
      await time.pause(POLL_MS);
      await asked.look();
      continue;
    }
    for (const state of asked.states()) {
      const found = weighing(state);
      const why = state.ipvs.error === null ? '' : `: ${state.ipvs.error}`;
      if (found.length > 0) asked.fail(state.director, new HostError(state.director, `${found.join(', ')}${why}`));
    }
    return;
  }
}

function isDrainedAt(state: AgentState, { realserver, services }: Subject): boolean {
  return services.every((service) => drainOf(state, realserver, service) !== undefined);
}

interface Look {
  readonly isTakenBack: boolean;
  readonly isEmpty: boolean;
  readonly left: readonly Left[];
}

/**
 * Every entry counts, in whatever state: UDP has no other, and in FIN_WAIT and TIME_WAIT the client may use its port again. So
 * do a BACKUP's copies: it may be MASTER in a moment.
 */
function lookAt(subject: Subject, states: readonly AgentState[], persistent: ReadonlySet<string>): Look {
  const { realserver, services } = subject;
  const waiting = services.filter((name) => persistent.has(name));
  let isEmpty = true;
  const left = states.map((state): Left => {
    const { active, inactive, weight } = countsOf(state, realserver, services);
    const templates = countsOf(state, realserver, waiting).persistent;
    if (active + inactive + templates + weight > 0) isEmpty = false;
    return { director: state.director, active, inactive, persistent: templates };
  });
  return { isTakenBack: states.some((state) => !isDrainedAt(state, subject)), isEmpty, left };
}

/** `12 active, 30 inactive at lb1; nothing at lb2`. */
export function leftText(left: readonly Left[], silent: readonly string[] = []): string {
  const told = left.map((one) => `${countText(one)} at ${one.director}`);
  return [...told, ...silent.map((director) => `${director} does not answer just now`)].join('; ');
}

function countText({ active, inactive, persistent }: Counts): string {
  const parts = [
    ...(active > 0 ? [`${active} active`] : []),
    ...(inactive > 0 ? [`${inactive} inactive`] : []),
    ...(persistent > 0 ? [`${persistent} persistent`] : []),
  ];
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}
