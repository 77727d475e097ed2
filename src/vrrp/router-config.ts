/** A configuration goes in force: virtual routers end, change and begin. */
import type { Cursor } from './cursor.ts';
import type { Found, InstanceSetup } from './instance.ts';
import { newInstance } from './instance.ts';
import { carriesOver, isSameRouter } from './reconfigure.ts';
import type { RouterEvent } from './router.ts';
import { foundFor } from './sync-group.ts';
import { wellTracked } from './tracking.ts';
import { watch } from './watch.ts';

export function configure(
  cursor: Cursor,
  { setups, found: inKernel, silentMs = {} }: Extract<RouterEvent, { type: 'config' }>,
): void {
  const carried = endAllBut(cursor, setups).map((name) => [name, 'fresh'] as const);
  const found: Readonly<Record<string, Found>> = { ...inKernel, ...Object.fromEntries(carried) };
  const fresh = setups.filter(({ name }) => cursor.get(name) === undefined);
  const adopted = fresh.filter((setup) => foundFor(cursor, setup, setups, found) === 'fresh');
  cursor.around = { ...cursor.around, scripts: { ...wellTracked(adopted), ...cursor.around.scripts } };
  for (const setup of setups) {
    const before = cursor.get(setup.name);
    if (before !== undefined && JSON.stringify(before.setup) !== JSON.stringify(setup))
      cursor.one(setup.name, { type: 'setup', setup });
  }
  for (const setup of fresh) cursor.put(newInstance(setup, cursor.nowMs));
  watch(cursor);
  for (const setup of fresh) {
    const silent = silentMs[setup.name];
    const startup = { type: 'startup', found: foundFor(cursor, setup, setups, found) } as const;
    cursor.one(setup.name, silent === undefined ? startup : { ...startup, silentMs: silent });
  }
}

/** Ends virtual routers that are none of these. @returns names of those that go on, as MASTER, as another virtual router */
function endAllBut(cursor: Cursor, setups: readonly InstanceSetup[]): string[] {
  const wanted = new Map(setups.map((setup) => [setup.name, setup]));
  const cause = 'no longer in the configuration';
  const ending = cursor.instances.filter(({ setup }) => {
    const after = wanted.get(setup.name);
    return after === undefined || !isSameRouter(setup, after);
  });
  return ending.flatMap(({ setup, state }) => {
    const after = wanted.get(setup.name);
    const goesOn = state === 'MASTER' && after !== undefined && carriesOver(setup, after);
    if (state !== 'INIT') cursor.one(setup.name, { type: 'shutdown', release: !goesOn, cause });
    cursor.delete(setup.name);
    return goesOn ? [setup.name] : [];
  });
}
