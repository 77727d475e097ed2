/** Directors that are told the same at once, and asked for their states until it has come true; whoever fails is left behind. */
import type { AgentState } from '../status/state.ts';
import type { DirectorAgent } from './director-agent.ts';
import type { Time } from './failover.ts';
import { failureOf, HostError, type HostFailure } from './failure.ts';

/** An agent that restarts is back long before. */
const SILENT_FOR_MS = 30_000;

/** A director that did not do as told, or could not be asked to the end. */
export interface DirectorFailure extends HostFailure {
  /** It has been told, and keeps that. */
  readonly knows: boolean;
}

/** Those that take part, and what each said last. */
export class DirectorsTold {
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

  /** What fails again is one failure, with all that there is to say of it. */
  fail(director: string, error: unknown, knows = true): void {
    const failure = failureOf(director, error);
    const index = this.failures.findIndex(({ host }) => host === director);
    const before = this.failures[index];
    if (before === undefined) this.failures.push({ ...failure, knows });
    else {
      const hints = [...new Set([...before.hints, ...failure.hints])];
      this.failures[index] = {
        ...failure,
        message: `${before.message}; ${failure.message}`,
        hints,
        knows: before.knows,
      };
    }
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
