/**
 * All instances of one director together: routes events to them, keeps sync groups whole, and turns what is watched into
 * priorities, faults and gates. Pure like the machine; the state is JSON, the effects are data, time is an argument.
 */
import type { Address } from '../wire/address.ts';
import type { Advertisement } from '../wire/vrrp.ts';
import { Cursor, standingIn } from './cursor.ts';
import type { Hold } from './hold.ts';
import type { Effect, Found, Instance } from './instance.ts';
import type { InstanceSetup } from './instance-setup.ts';
import type { TrackerState } from './link.ts';
import { nextDeadlineMs as instanceDeadlineMs } from './machine.ts';
import type { Claim } from './owners.ts';
import { heardClaim, heardMaster, type Probing, probe, probingDeadlineMs } from './probing.ts';
import { configure } from './router-config.ts';
import { keepGroupsWhole, yieldTogether } from './sync-group.ts';
import { type InterfaceNow, known, lossCountsMs, type Surroundings, upSince } from './tracking.ts';
import { watch } from './watch.ts';

export interface Router {
  readonly instances: Readonly<Record<string, Instance>>;
  readonly around: Surroundings;
  readonly holds: readonly Hold[];
  /** By instance: those that ask who has their addresses; a recording of an earlier release has none. */
  readonly probing?: Readonly<Record<string, Probing>>;
}

export type RouterEvent =
  /**
   * Also the first one. `found`: what the kernel has of each instance's addresses, `silentMs`: for how long yet a lame duck's
   * are on the loopback, `probes`: whether neighbours are asked for what was not found; all looked at for new instances only.
   */
  | {
      readonly type: 'config';
      readonly setups: readonly InstanceSetup[];
      readonly found: Readonly<Record<string, Found>>;
      readonly probes?: boolean;
      readonly silentMs?: Readonly<Record<string, number>>;
    }
  | { readonly type: 'interfaces'; readonly interfaces: Readonly<Record<string, InterfaceNow>> }
  | {
      readonly type: 'tracking';
      readonly scripts: Readonly<Record<string, TrackerState>>;
      readonly services: Readonly<Record<string, TrackerState>>;
      readonly files?: Readonly<Record<string, TrackerState>>;
    }
  | { readonly type: 'ready' }
  /** All that hold from now on. */
  | { readonly type: 'holds'; readonly holds: readonly Hold[] }
  | { readonly type: 'time' }
  | {
      readonly type: 'advertisement';
      readonly instance: string;
      readonly advertisement: Advertisement;
      readonly source: Address;
    }
  | {
      readonly type: 'dropped';
      readonly instance: string;
      readonly reason: string;
      readonly isAlive?: true;
      readonly source?: Address;
    }
  /** A neighbour says that it has an address. */
  | ({ readonly type: 'claim' } & Claim)
  | { readonly type: 'yield'; readonly instance: string }
  | { readonly type: 'relay-ready'; readonly instance: string }
  | { readonly type: 'end-lame-duck'; readonly instance: string }
  | { readonly type: 'addresses-removed'; readonly interface: string; readonly addresses: readonly Address[] }
  | { readonly type: 'stop'; readonly release: boolean };

export interface RouterStep {
  readonly router: Router;
  readonly effects: readonly Effect[];
}

export function newRouter(startedAtMs: number): Router {
  const around = { interfaces: {}, scripts: {}, services: {}, files: {}, ready: false, startedAtMs };
  return { instances: {}, around, holds: [], probing: {} };
}

/** The one way in. Never throws; an event for an instance that is not there changes nothing. */
export function stepRouter(router: Router, event: RouterEvent, nowMs: number): RouterStep {
  const cursor = new Cursor(router, nowMs);
  take(cursor, event);
  if (event.type !== 'stop') settle(cursor);
  return cursor.result();
}

/** The next moment at which a `time` event is due, or null. */
export function nextDeadlineMs(router: Router, nowMs: number): number | null {
  const deadlines = Object.values(router.instances).flatMap((instance) => [
    instanceDeadlineMs(instance),
    probeDeadlineMs(router, instance),
    instance.waitingFor === null ? null : standingIn(router, instance, nowMs).opensAtMs,
    lossCountsMs(instance.setup, router.around, nowMs),
  ]);
  const known = deadlines.filter((atMs) => atMs !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function probeDeadlineMs({ probing = {}, around }: Router, instance: Instance): number | null {
  const own = probing[instance.setup.name];
  return own === undefined ? null : probingDeadlineMs(own, instance, around);
}

/** Whether every instance has ended: after a `stop` that waits for successors. */
export function hasStopped(router: Router): boolean {
  return Object.values(router.instances).every(({ state }) => state === 'INIT');
}

function take(cursor: Cursor, event: RouterEvent): void {
  switch (event.type) {
    case 'config':
      configure(cursor, event);
      break;
    case 'interfaces':
      cursor.around = {
        ...cursor.around,
        interfaces: upSince(cursor.around.interfaces, event.interfaces, cursor.nowMs),
      };
      break;
    case 'tracking':
      cursor.around = {
        ...cursor.around,
        scripts: known(cursor.around.scripts, event.scripts),
        services: known(cursor.around.services, event.services),
        files: known(cursor.around.files, event.files ?? {}),
      };
      break;
    case 'ready':
      cursor.around = { ...cursor.around, ready: true };
      break;
    case 'holds':
      cursor.holds = event.holds;
      break;
    case 'time':
      cursor.all({ type: 'time' });
      break;
    case 'advertisement':
      if (heardMaster(cursor, event.instance)) watch(cursor); // it waits for no answers any more when it hears this
      cursor.one(event.instance, event);
      break;
    case 'claim':
      heardClaim(cursor, { interface: event.interface, address: event.address, mac: event.mac });
      break;
    case 'dropped':
      if (event.isAlive) heardMaster(cursor, event.instance);
      cursor.one(event.instance, event);
      break;
    case 'yield':
      yieldTogether(cursor, event.instance);
      break;
    case 'relay-ready':
    case 'end-lame-duck':
      cursor.one(event.instance, { type: event.type });
      break;
    case 'addresses-removed':
      removed(cursor, event.interface, event.addresses);
      break;
    case 'stop':
      stop(cursor, event.release);
      break;
  }
}

/** Neighbours and watched things, then sync groups, until nothing changes any more. */
function settle(cursor: Cursor): void {
  probe(cursor);
  watch(cursor);
  keepGroupsWhole(cursor);
  watch(cursor); // one that was MASTER and no longer is may be held
}

function removed(cursor: Cursor, interfaceName: string, addresses: readonly Address[]): void {
  for (const { setup, state } of cursor.instances) {
    if (state !== 'MASTER') continue;
    const ours = setup.addresses.filter(
      ({ interface: on, address }) => on === interfaceName && addresses.includes(address),
    );
    if (ours.length > 0)
      cursor.one(setup.name, { type: 'addresses-removed', addresses: ours.map(({ address }) => address) });
  }
}

function stop(cursor: Cursor, release: boolean): void {
  const cause = release ? 'stopped' : 'restarting';
  for (const { setup, state } of cursor.instances)
    if (state !== 'INIT') cursor.one(setup.name, { type: 'shutdown', release, cause, awaitSuccessor: release });
}
