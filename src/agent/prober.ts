/** Runs the probes of a configuration, each at its pace, and keeps their standings. One timer for all of them. */
import { NO_PROBES, type ProbePlan, type ProbeSpec } from '../health/probe-plan.ts';
import { Schedule } from '../health/schedule.ts';
import {
  afterProbe,
  allOf,
  firstStanding,
  type ProbeResult,
  type Standing,
  type Unasked,
  type Verdict,
} from '../health/verdict.ts';
import type { Clock } from '../kernel/clock.ts';
import type { InPathProbe } from '../probes/in-path.ts';

/** Probes under way at once: more would run into the limit of file descriptors. */
const MAX_RUNNING = 1_000;
/** What could not be asked is tried again so soon, or after its interval where that is shorter. */
const UNASKED_PAUSE_MS = 1_000;

export interface ProberOptions {
  readonly clock: Clock;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
  readonly probeOf: (spec: ProbeSpec) => InPathProbe;
  /** Whether there is something better than a realserver that flaps: then it has to prove itself for longer. */
  readonly damps: (spec: ProbeSpec) => boolean;
  readonly onVerdict: (spec: ProbeSpec, standing: Standing, before: Verdict) => void;
  /** A probe wants another weight than before, and its verdict is what it was. */
  readonly onWeight: (spec: ProbeSpec, standing: Standing) => void;
}

/** What a probe without a history starts from. */
export interface Initial extends Pick<Standing, 'verdict' | 'weight'> {
  /** For how long it has been so, as far as is known. */
  readonly forMs: number;
}
const NOTHING_KNOWN: Initial = { verdict: 'unknown', weight: null, forMs: 0 };

interface Running {
  readonly spec: ProbeSpec;
  readonly probe: InPathProbe;
  standing: Standing;
}

export class Prober {
  readonly #options: ProberOptions;
  readonly #schedule = new Schedule();
  readonly #probes = new Map<string, Running>();
  readonly #stop = new Map<string, AbortController>();
  #plan: ProbePlan = NO_PROBES;
  #cancelTimer: () => void = () => {};
  /** What the timer is set for; null: it is not. */
  #armedMs: number | null = null;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Takes another plan; probes that it shares with the old one go on as if nothing had happened. */
  configure(plan: ProbePlan, initial: (spec: ProbeSpec) => Initial = () => NOTHING_KNOWN): void {
    const { clock, random, probeOf } = this.#options;
    this.#plan = plan;
    for (const key of this.#probes.keys()) if (!plan.probes.has(key)) this.#forget(key);
    for (const [key, spec] of plan.probes) {
      if (this.#probes.has(key)) continue;
      const { verdict, weight, forMs } = initial(spec);
      const nowMs = clock.now();
      const standing = { ...firstStanding(verdict, spec.timing, nowMs, random()), weight, sinceMs: nowMs - forMs };
      this.#probes.set(key, { spec, probe: probeOf(spec), standing });
      this.#schedule.set(key, standing.nextMs);
    }
    this.#arm();
  }

  get plan(): ProbePlan {
    return this.#plan;
  }

  standing(key: string): Standing | undefined {
    return this.#probes.get(key)?.standing;
  }

  /** Over all checks of a destination. `sinceMs` is when its verdict came to be what it is; of several weights the lowest counts. */
  judge(probes: readonly string[]): Pick<Standing, 'verdict' | 'sinceMs' | 'weight'> {
    const standings = probes.flatMap((key) => this.standing(key) ?? []);
    const verdict = allOf(standings.map((standing) => standing.verdict));
    const times = standings.filter((standing) => standing.verdict === verdict).map(({ sinceMs }) => sinceMs);
    // Down since the first that failed, up since the last that recovered.
    const sinceMs = times.length === 0 ? 0 : verdict === 'down' ? Math.min(...times) : Math.max(...times);
    const weights = standings.flatMap(({ weight }) => weight ?? []);
    return { verdict, sinceMs, weight: weights.length === 0 ? null : Math.min(...weights) };
  }

  get awaitsFirstVerdicts(): boolean {
    return [...this.#probes.values()].some(({ standing }) => standing.verdict === 'unknown');
  }

  stop(): void {
    this.#cancelTimer();
    this.#armedMs = null;
    for (const key of [...this.#probes.keys()]) this.#forget(key);
  }

  #forget(key: string): void {
    this.#probes.delete(key);
    this.#schedule.delete(key);
    this.#stop.get(key)?.abort();
  }

  #arm(): void {
    const nextMs = this.#stop.size >= MAX_RUNNING ? null : (this.#schedule.nextMs ?? null);
    if (nextMs === this.#armedMs) return;
    this.#cancelTimer();
    this.#armedMs = nextMs;
    if (nextMs !== null) this.#cancelTimer = this.#options.clock.setTimer(nextMs, () => this.#runDue());
  }

  #runDue(): void {
    this.#armedMs = null;
    const nowMs = this.#options.clock.now();
    // A timer may come up to 1 ms early; what is due within that is due.
    for (let key = this.#schedule.take(nowMs + 1); key !== undefined; key = this.#schedule.take(nowMs + 1)) {
      const running = this.#probes.get(key);
      if (running !== undefined) void this.#run(key, running);
      if (this.#stop.size >= MAX_RUNNING) break;
    }
    this.#arm();
  }

  async #run(key: string, running: Running): Promise<void> {
    const aborter = new AbortController();
    this.#stop.set(key, aborter);
    const startedMs = this.#options.clock.now();
    const result = await running.probe(aborter.signal);
    // A new probe of the same key may have begun if this one was forgotten meanwhile.
    if (this.#stop.get(key) === aborter) this.#stop.delete(key);
    if (this.#probes.get(key) === running) this.#finish(key, running, result, startedMs);
    this.#arm();
  }

  #finish(key: string, running: Running, result: ProbeResult | Unasked, startedMs: number): void {
    if ('unasked' in result) {
      const pauseMs = Math.min(UNASKED_PAUSE_MS, running.spec.timing.intervalMs);
      running.standing = { ...running.standing, nextMs: this.#options.clock.now() + pauseMs };
      this.#schedule.set(key, running.standing.nextMs);
      return;
    }
    const { verdict: before, weight } = running.standing;
    const { spec } = running;
    const damps = running.standing.falls > 1 && this.#options.damps(spec);
    running.standing = afterProbe(running.standing, spec.timing, result, startedMs, this.#options.clock.now(), damps);
    this.#schedule.set(key, running.standing.nextMs);
    if (running.standing.verdict !== before) this.#options.onVerdict(spec, running.standing, before);
    else if (running.standing.weight !== weight) this.#options.onWeight(spec, running.standing);
  }
}
