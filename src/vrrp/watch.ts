/** What is watched becomes priorities, gates and faults of the instances. */
import type { Cursor } from './cursor.ts';
import type { Instance } from './instance.ts';
import type { Standing } from './tracking.ts';
import { canServe } from './usable.ts';

export function watch(cursor: Cursor): void {
  const standings = new Map(cursor.instances.map((instance) => [instance.setup.name, cursor.standing(instance)]));
  for (const [name, { priority, waitingFor }] of standings) {
    const instance = cursor.get(name);
    if (instance === undefined) continue;
    const faults = faultsOf(cursor, instance, standings);
    if (instance.priority !== priority) cursor.one(name, { type: 'priority', priority });
    if (instance.waitingFor !== waitingFor) cursor.one(name, { type: 'gate', waitingFor });
    if (instance.faults.join() !== faults.join())
      cursor.one(name, { type: 'faults', faults, canServe: canServe(instance.setup, cursor.around) });
  }
}

/** Its own faults, or those of the rest of its sync group. */
function faultsOf(cursor: Cursor, { setup }: Instance, standings: ReadonlyMap<string, Standing>): readonly string[] {
  const own = standings.get(setup.name)?.faults ?? [];
  if (own.length > 0 || setup.syncGroup === null) return own;
  return cursor.instances
    .filter((other) => other.setup.syncGroup === setup.syncGroup)
    .flatMap((other) =>
      (standings.get(other.setup.name)?.faults ?? []).map(
        (fault) => `${other.setup.name} of sync group ${setup.syncGroup} is in fault: ${fault}`,
      ),
    );
}
