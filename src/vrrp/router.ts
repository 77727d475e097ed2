/**
 * All instances of one director together: routes events to them, keeps sync groups whole, and turns what is watched into
 * priorities, faults and gates. Pure like the machine; the state is JSON, the effects are data, time is an argument.
 *
 * Sync groups (ours; no RFC knows them): all members are MASTER or none is. They take over when every member would; a fault
 * of one is a fault of all; when one loses the role the others give it away. A hand-over is one of all members, and when a
 * successor has been heard by one of them, all are silenced.
 */
import type { Address } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';
import { handOverDeadlineMs } from './hand-over.ts';
import { type Holds, holdOn, waitingFor } from './hold.ts';
import type { Effect, Found, Instance, InstanceEvent, InstanceSetup } from './instance.ts';
import { newInstance } from './instance.ts';
import type { TrackerState } from './link.ts';
import { nextDeadlineMs as instanceDeadlineMs, step } from './machine.ts';
import { isSameRouter } from './reconfigure.ts';
import { type InterfaceNow, known, type Standing, type Surroundings, standingOf, upSince } from './tracking.ts';
import { canServe } from './usable.ts';

export interface Router {
  readonly instances: Readonly<Record<string, Instance>>;
  readonly around: Surroundings;
  readonly holds: Holds;
}

export type RouterEvent =
  /**
   * Also the first one. `found`: what the kernel has of each instance's addresses, `silentMs`: for how long yet a lame duck's
   * are on the loopback; both looked at for new instances only.
   */
  | {
      readonly type: 'config';
      readonly setups: readonly InstanceSetup[];
      readonly found: Readonly<Record<string, Found>>;
      readonly silentMs?: Readonly<Record<string, number>>;
    }
  | { readonly type: 'interfaces'; readonly interfaces: Readonly<Record<string, InterfaceNow>> }
  | {
      readonly type: 'tracking';
      readonly scripts: Readonly<Record<string, TrackerState>>;
      readonly services: Readonly<Record<string, TrackerState>>;
    }
  | { readonly type: 'ready' }
  | { readonly type: 'time' }
  | {
      readonly type: 'advertisement';
      readonly instance: string;
      readonly advertisement: Advertisement;
      readonly source: Address;
    }
  | { readonly type: 'dropped'; readonly instance: string; readonly reason: string }
  | { readonly type: 'yield'; readonly instance: string }
  | { readonly type: 'relay-ready'; readonly instance: string }
  | { readonly type: 'end-lame-duck'; readonly instance: string }
  /** Not MASTER before `untilMs`; a moment that has passed takes it back. */
  | { readonly type: 'hold'; readonly instance: string; readonly reason: string; readonly untilMs: number }
  | { readonly type: 'addresses-removed'; readonly interface: string; readonly addresses: readonly Address[] }
  | { readonly type: 'stop'; readonly release: boolean };

export interface RouterStep {
  readonly router: Router;
  readonly effects: readonly Effect[];
}

export function newRouter(startedAtMs: number): Router {
  return { instances: {}, around: { interfaces: {}, scripts: {}, services: {}, ready: false, startedAtMs }, holds: {} };
}

/** The one way in. Never throws; an event for an instance that is not there changes nothing. */
export function stepRouter(router: Router, event: RouterEvent, nowMs: number): RouterStep {
  const turn = new Turn(router, nowMs);
  turn.take(event);
  if (event.type !== 'stop') turn.settle();
  return turn.result();
}

/** The next moment at which a `time` event is due, or null. */
export function nextDeadlineMs(router: Router, nowMs: number): number | null {
  const deadlines = Object.values(router.instances).flatMap((instance) => [
    instanceDeadlineMs(instance),
    instance.waitingFor === null ? null : standingOf(instance.setup, router.around, nowMs).opensAtMs,
    router.holds[instance.setup.name]?.untilMs ?? null,
  ]);
  const known = deadlines.filter((atMs) => atMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Whether every instance has ended: after a `stop` that waits for successors. */
export function hasStopped(router: Router): boolean {
  return Object.values(router.instances).every(({ state }) => state === 'INIT');
}

/** One event's way through the instances: a cursor over a copy of the router, gathering effects. */
class Turn {
  readonly #instances: Map<string, Instance>;
  readonly #effects: Effect[] = [];
  readonly #nowMs: number;
  #around: Surroundings;
  #holds: Holds;

  constructor(router: Router, nowMs: number) {
    this.#instances = new Map(Object.entries(router.instances));
    this.#around = router.around;
    this.#holds = holdOn(router.holds, nowMs);
    this.#nowMs = nowMs;
  }

  result(): RouterStep {
    const instances = Object.fromEntries(this.#instances);
    return { router: { instances, around: this.#around, holds: this.#holds }, effects: this.#effects };
  }

  take(event: RouterEvent): void {
    switch (event.type) {
      case 'config':
        this.#configure(event);
        break;
      case 'interfaces':
        this.#around = { ...this.#around, interfaces: upSince(this.#around.interfaces, event.interfaces, this.#nowMs) };
        break;
      case 'tracking':
        this.#around = {
          ...this.#around,
          scripts: known(this.#around.scripts, event.scripts),
          services: known(this.#around.services, event.services),
        };
        break;
      case 'ready':
        this.#around = { ...this.#around, ready: true };
        break;
      case 'time':
        this.#all({ type: 'time' });
        break;
      case 'advertisement':
        this.#one(event.instance, event);
        break;
      case 'dropped':
        this.#one(event.instance, event);
        break;
      case 'yield':
        this.#yield(event.instance);
        break;
      case 'relay-ready':
      case 'end-lame-duck':
        this.#one(event.instance, { type: event.type });
        break;
      case 'hold':
        this.#holds = holdOn({ ...this.#holds, [event.instance]: event }, this.#nowMs);
        break;
      case 'addresses-removed':
        this.#removed(event.interface, event.addresses);
        break;
      case 'stop':
        this.#stop(event.release);
        break;
    }
  }

  /** Watched things, then sync groups, until nothing changes any more. Each round moves a member one way only, so it ends. */
  settle(): void {
    this.#watch();
    for (const members of this.#groups().values()) {
      this.#fall(members);
      this.#rise(members);
    }
  }

  #all(event: InstanceEvent): void {
    for (const name of this.#instances.keys()) this.#one(name, event);
  }

  #one(name: string, event: InstanceEvent): void {
    const instance = this.#instances.get(name);
    if (instance === undefined) return;
    const stepped = step(instance, event, this.#nowMs);
    this.#instances.set(name, stepped.instance);
    this.#effects.push(...stepped.effects);
  }

  #groups(): Map<string, Instance[]> {
    const grouped = [...this.#instances.values()].filter(({ setup }) => setup.syncGroup !== null);
    return Map.groupBy(grouped, ({ setup }) => setup.syncGroup ?? '');
  }

  /** A sync group as a whole, with one deadline: else one member would take it back while another still waits. */
  #yield(name: string): void {
    const instance = this.#instances.get(name);
    if (instance === undefined) return;
    const { syncGroup } = instance.setup;
    const members = syncGroup === null ? [instance] : (this.#groups().get(syncGroup) ?? []);
    const deadlineMs = Math.max(...members.map((member) => handOverDeadlineMs(member, this.#nowMs)));
    for (const { setup } of members)
      this.#one(setup.name, { type: 'hand-over', cause: 'given away on request', deadlineMs });
  }

  #configure({ setups, found, silentMs = {} }: Extract<RouterEvent, { type: 'config' }>): void {
    const wanted = new Map(setups.map((setup) => [setup.name, setup]));
    const cause = 'no longer in the configuration';
    for (const [name, { setup }] of [...this.#instances]) {
      const after = wanted.get(name);
      if (after !== undefined && isSameRouter(setup, after)) continue;
      if (this.#instances.get(name)?.state !== 'INIT') this.#one(name, { type: 'shutdown', release: true, cause });
      this.#instances.delete(name);
    }
    const fresh = setups.filter(({ name }) => !this.#instances.has(name));
    for (const setup of setups) {
      const before = this.#instances.get(setup.name);
      if (before !== undefined && JSON.stringify(before.setup) !== JSON.stringify(setup))
        this.#one(setup.name, { type: 'setup', setup });
    }
    for (const setup of fresh) this.#instances.set(setup.name, newInstance(setup, this.#nowMs));
    this.#watch();
    for (const setup of fresh) {
      const silent = silentMs[setup.name];
      const startup = { type: 'startup', found: this.#foundFor(setup, setups, found) } as const;
      this.#one(setup.name, silent === undefined ? startup : { ...startup, silentMs: silent });
    }
  }

  /** A sync group that was MASTER goes on as a whole, also when one member is new or had lost its address. */
  #foundFor(setup: InstanceSetup, setups: readonly InstanceSetup[], found: Readonly<Record<string, Found>>): Found {
    const own = found[setup.name] ?? 'absent';
    if (setup.syncGroup === null || own === 'fresh') return own;
    const others = setups.filter((other) => other.syncGroup === setup.syncGroup && other.name !== setup.name);
    const held = others.some(({ name }) => found[name] === 'fresh' || this.#instances.get(name)?.state === 'MASTER');
    return held ? 'fresh' : own;
  }

  #removed(interfaceName: string, addresses: readonly Address[]): void {
    for (const { setup, state } of [...this.#instances.values()]) {
      if (state !== 'MASTER') continue;
      const ours = setup.addresses.filter(
        ({ interface: on, address }) => on === interfaceName && addresses.includes(address),
      );
      if (ours.length > 0)
        this.#one(setup.name, { type: 'addresses-removed', addresses: ours.map(({ address }) => address) });
    }
  }

  #stop(release: boolean): void {
    const cause = release ? 'stopped' : 'restarting';
    for (const [name, { state }] of [...this.#instances])
      if (state !== 'INIT') this.#one(name, { type: 'shutdown', release, cause, awaitSuccessor: release });
  }

  #watch(): void {
    const standings = new Map([...this.#instances].map(([name, { setup }]) => [name, this.#standing(setup)]));
    for (const [name, standing] of standings) {
      const instance = this.#instances.get(name);
      if (instance === undefined) continue;
      const { priority } = standing;
      const gate = waitingFor(name, standing, this.#holds);
      const faults = this.#faultsOf(instance, standings);
      if (instance.priority !== priority) this.#one(name, { type: 'priority', priority });
      if (instance.waitingFor !== gate) this.#one(name, { type: 'gate', waitingFor: gate });
      if (instance.faults.join() !== faults.join())
        this.#one(name, { type: 'faults', faults, canServe: canServe(instance.setup, this.#around) });
    }
  }

  #standing(setup: InstanceSetup): Standing {
    return standingOf(setup, this.#around, this.#nowMs);
  }

  /** Its own faults, or those of the rest of its sync group. */
  #faultsOf({ setup }: Instance, standings: ReadonlyMap<string, Standing>): readonly string[] {
    const own = standings.get(setup.name)?.faults ?? [];
    if (own.length > 0 || setup.syncGroup === null) return own;
    return [...this.#instances.values()]
      .filter((other) => other.setup.syncGroup === setup.syncGroup)
      .flatMap((other) =>
        (standings.get(other.setup.name)?.faults ?? []).map(
          (fault) => `${other.setup.name} of sync group ${setup.syncGroup} is in fault: ${fault}`,
        ),
      );
  }

  /** One member is not MASTER: none may be. */
  #fall(members: readonly Instance[]): void {
    const lost = members.find(({ state }) => state !== 'MASTER');
    if (lost === undefined) return;
    const cause = `${lost.setup.name} of sync group ${lost.setup.syncGroup} is ${lost.state}: ${lost.cause}`;
    const isSilenced = members.some(({ state, lameDuck }) => state !== 'MASTER' && lameDuck !== null);
    for (const { state, setup } of members) {
      if (state !== 'MASTER') continue;
      if (isSilenced) this.#one(setup.name, { type: 'silence', cause });
      else this.#one(setup.name, { type: 'demote', cause, yielded: lost.yielded });
    }
  }

  #rise(members: readonly Instance[]): void {
    if (!members.every(({ setup }) => this.#instances.get(setup.name)?.wantsMaster)) return;
    for (const { setup } of members) this.#one(setup.name, { type: 'promote' });
  }
}
