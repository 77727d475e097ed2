/** What `GET /v1/state` is put together from: a reading of every part at one moment. */
import type { Clock } from '../kernel/clock.ts';
import type { AgentState } from '../status/state.ts';
import type { Parts } from './parts.ts';
import { agentStateOf } from './state-report.ts';
import { vrrpAlarms } from './vrrp-requests.ts';
import { WallOffset } from './wall-offset.ts';

export interface Release {
  readonly hash: string;
  readonly version: string;
}

export class StateReading {
  readonly #parts: Parts;
  readonly #clock: Clock;
  readonly #release: Release;
  readonly #startedAt: number;
  readonly #wallOffset: WallOffset;

  constructor(parts: Parts, { clock, release }: { readonly clock: Clock; readonly release: Release }) {
    this.#parts = parts;
    this.#clock = clock;
    this.#release = release;
    this.#startedAt = clock.wall();
    this.#wallOffset = new WallOffset(clock);
  }

  now(): AgentState {
    const { inForce, balancing, drains, standby, handOvers, link, trackers } = this.#parts;
    const wallOf = this.#wallOffset.reading();
    const { view, desired, prober, policies } = balancing;
    const { exchange } = standby;
    return agentStateOf({
      config: inForce.stored?.config ?? null,
      self: inForce.stored?.self ?? '',
      desired,
      table: view,
      plan: prober.plan,
      standing: (key) => prober.standing(key),
      nowMs: this.#clock.now(),
      wallOf,
      policies: policies.states(wallOf),
      waiting: balancing.waiting,
      overrides: drains.all,
      holds: standby.holds,
      relays: handOvers.state,
      lent: handOvers.lent,
      exchange: { key: exchange.key(), peers: exchange.peers(wallOf) },
      vrrp: { alive: link.isAlive, report: link.report },
      problemOf: (kind, name) => trackers.problemOf(kind, name),
      alarms: [...this.#alarms(), ...view.errors, ...this.#parts.balancing.unasked, ...this.#parts.notices.problems],
      rest: this.#rest(),
    });
  }

  #alarms(): string[] {
    const { inForce, standby, protections, yielding, link } = this.#parts;
    return [
      ...vrrpAlarms(link, inForce.stored),
      ...standby.exchange.alarms(),
      ...protections.alarms(),
      ...yielding.left.map(({ instance, reason }) => `${instance} waits for ${reason}`),
    ];
  }

  #rest(): Pick<AgentState, 'at' | 'release' | 'version' | 'startedAt' | 'config'> {
    const { stored, error } = this.#parts.inForce;
    const { hash, version } = this.#release;
    const config = { hash: stored?.hash ?? '', generation: stored?.generation ?? 0, error };
    return { at: this.#clock.wall(), release: hash, version, startedAt: this.#startedAt, config };
  }
}
