/** A configuration goes in force: virtual routers end, change and begin. */
import type { Address } from '../wire/address.ts';
import type { Cursor } from './cursor.ts';
import type { Found } from './instance.ts';
import { newInstance } from './instance.ts';
import type { InstanceSetup } from './instance-setup.ts';
import { newProbing, type Probing } from './probing.ts';
import { carriesOver, changesMac, isSameRouter } from './reconfigure.ts';
import type { RouterEvent } from './router.ts';
import { foundFor } from './sync-group.ts';
import { wellTracked } from './tracking.ts';
import { watch } from './watch.ts';

/**
 * What the kernel has of each instance's addresses, for how long yet a lame duck's are on the loopback, and whether neighbours are
 * asked for what it has not: all looked at for new instances only.
 */
export function configure(
  cursor: Cursor,
  { setups, found: inKernel, silentMs = {}, probes = false }: Extract<RouterEvent, { type: 'config' }>,
): void {
  const known = new Set(cursor.instances.flatMap(({ setup }) => setup.addresses.map(({ address }) => address)));
  const carried = endAllBut(cursor, setups);
  const kept = Object.fromEntries([...carried.keys()].map((name) => [name, 'fresh'] as const));
  const found: Readonly<Record<string, Found>> = { ...inKernel, ...kept };
  const fresh = setups.filter(({ name }) => cursor.get(name) === undefined);
  const adopted = fresh.filter((setup) => foundFor(cursor, setup, setups, found) === 'fresh');
  cursor.around = { ...cursor.around, scripts: { ...wellTracked(adopted), ...cursor.around.scripts } };
  for (const setup of setups) {
    const before = cursor.get(setup.name);
    if (before !== undefined && JSON.stringify(before.setup) !== JSON.stringify(setup))
      cursor.one(setup.name, { type: 'setup', setup });
  }
  for (const setup of fresh) cursor.put(newInstance(setup, cursor.nowMs));
  if (probes) {
    // a lame duck has them on its loopback still
    const unseen = fresh.filter(
      (setup) => silentMs[setup.name] === undefined && foundFor(cursor, setup, setups, found) === 'absent',
    );
    cursor.probing = { ...cursor.probing, ...probingOf(unseen, known, cursor.nowMs) };
  }
  watch(cursor);
  for (const setup of fresh) {
    const silent = silentMs[setup.name];
    const before = carried.get(setup.name);
    const isMoved = before !== undefined && changesMac(before, setup);
    const startup = { type: 'startup', found: foundFor(cursor, setup, setups, found), isMoved } as const;
    cursor.one(setup.name, silent === undefined ? startup : { ...startup, silentMs: silent });
  }
}

/** Addresses that an instance of this process had are its own, whatever they are called now. */
function probingOf(
  setups: readonly InstanceSetup[],
  known: ReadonlySet<Address>,
  nowMs: number,
): Readonly<Record<string, Probing>> {
  const fresh = setups.flatMap(({ name, addresses }) => {
    const unknown = addresses.map(({ address }) => address).filter((address) => !known.has(address));
    return unknown.length === 0 ? [] : [[name, newProbing(unknown, nowMs)] as const];
  });
  return Object.fromEntries(fresh);
}

/** Ends virtual routers that are none of these. @returns by name, those that go on, as MASTER, as another virtual router */
function endAllBut(cursor: Cursor, setups: readonly InstanceSetup[]): ReadonlyMap<string, InstanceSetup> {
  const wanted = new Map(setups.map((setup) => [setup.name, setup]));
  const cause = 'no longer in the configuration';
  const ending = cursor.instances.filter(({ setup }) => {
    const after = wanted.get(setup.name);
    return after === undefined || !isSameRouter(setup, after);
  });
  const carried = new Map<string, InstanceSetup>();
  for (const { setup, state } of ending) {
    const after = wanted.get(setup.name);
    const goesOn = state === 'MASTER' && after !== undefined && carriesOver(setup, after);
    if (state !== 'INIT') cursor.one(setup.name, { type: 'shutdown', release: !goesOn, cause });
    cursor.delete(setup.name);
    if (goesOn) carried.set(setup.name, setup);
  }
  return carried;
}
