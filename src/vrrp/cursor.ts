/**
 * One event's way through the instances of a router: a cursor over a copy of it, which gathers effects. The steps of the way are
 * functions of it: router-config.ts, watch.ts, sync-group.ts.
 */
import { type Hold, heldStanding } from './hold.ts';
import type { Effect, Instance, InstanceEvent } from './instance.ts';
import { step } from './machine.ts';
import type { Router, RouterStep } from './router.ts';
import { type Standing, type Surroundings, standingOf } from './tracking.ts';

export class Cursor {
  readonly nowMs: number;
  around: Surroundings;
  holds: readonly Hold[];
  readonly #instances: Map<string, Instance>;
  readonly #effects: Effect[] = [];

  constructor(router: Router, nowMs: number) {
    this.nowMs = nowMs;
    this.around = router.around;
    this.holds = router.holds;
    this.#instances = new Map(Object.entries(router.instances));
  }

  /** All, as they are now: a copy, so that one may change while it is walked through. */
  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  get(name: string): Instance | undefined {
    return this.#instances.get(name);
  }

  put(instance: Instance): void {
    this.#instances.set(instance.setup.name, instance);
  }

  delete(name: string): void {
    this.#instances.delete(name);
  }

  /** Steps one instance; one that is not there is passed over. */
  one(name: string, event: InstanceEvent): void {
    const instance = this.#instances.get(name);
    if (instance === undefined) return;
    const stepped = step(instance, event, this.nowMs);
    this.#instances.set(name, stepped.instance);
    this.#effects.push(...stepped.effects);
  }

  all(event: InstanceEvent): void {
    for (const name of this.#instances.keys()) this.one(name, event);
  }

  /** As its surroundings and the holds have it. */
  standing(instance: Instance): Standing {
    return standingIn(this, instance, this.nowMs);
  }

  result(): RouterStep {
    const instances = Object.fromEntries(this.#instances);
    return { router: { instances, around: this.around, holds: this.holds }, effects: this.#effects };
  }
}

/** As its surroundings and the holds have an instance. */
export function standingIn({ around, holds }: Omit<Router, 'instances'>, instance: Instance, nowMs: number): Standing {
  return heldStanding(standingOf(instance.setup, around, nowMs), holds, instance, nowMs);
}
