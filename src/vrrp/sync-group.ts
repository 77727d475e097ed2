/**
 * Sync groups (ours; no RFC knows them): all members are MASTER or none is. They take over when every member would; a fault
 * of one is a fault of all; when one loses the role the others give it away. A hand-over is one of all members, and when a
 * successor has been heard by one of them, all are silenced.
 */
import type { Cursor } from './cursor.ts';
import { handOverDeadlineMs } from './hand-over.ts';
import type { Found, Instance } from './instance.ts';
import type { InstanceSetup } from './instance-setup.ts';

/** Keeps every group whole. Each round moves a member one way only, so it ends. */
export function keepGroupsWhole(cursor: Cursor): void {
  for (const members of groupsOf(cursor).values()) {
    fall(cursor, members);
    rise(cursor, members);
  }
}

/** Hands an instance over, its sync group as a whole, with one deadline: else one would be taken back while another still waits. */
export function yieldTogether(cursor: Cursor, name: string): void {
  const instance = cursor.get(name);
  if (instance === undefined) return;
  const { syncGroup } = instance.setup;
  const members = syncGroup === null ? [instance] : (groupsOf(cursor).get(syncGroup) ?? []);
  const deadlineMs = Math.max(...members.map((member) => handOverDeadlineMs(member, cursor.nowMs)));
  for (const { setup } of members)
    cursor.one(setup.name, { type: 'hand-over', cause: 'given away on request', deadlineMs });
}

/** A sync group that was MASTER goes on as a whole, also when one member is new or had lost its address. */
export function foundFor(
  cursor: Cursor,
  setup: InstanceSetup,
  setups: readonly InstanceSetup[],
  found: Readonly<Record<string, Found>>,
): Found {
  const own = found[setup.name] ?? 'absent';
  if (setup.syncGroup === null || own === 'fresh') return own;
  const others = setups.filter((other) => other.syncGroup === setup.syncGroup && other.name !== setup.name);
  const held = others.some(({ name }) => found[name] === 'fresh' || cursor.get(name)?.state === 'MASTER');
  return held ? 'fresh' : own;
}

function groupsOf(cursor: Cursor): Map<string, Instance[]> {
  const grouped = cursor.instances.filter(({ setup }) => setup.syncGroup !== null);
  return Map.groupBy(grouped, ({ setup }) => setup.syncGroup ?? '');
}

/** One member is not MASTER: none may be. */
function fall(cursor: Cursor, members: readonly Instance[]): void {
  const lost = members.find(({ state }) => state !== 'MASTER');
  if (lost === undefined) return;
  const cause = `${lost.setup.name} of sync group ${lost.setup.syncGroup} is ${lost.state}: ${lost.cause}`;
  const isSilenced = members.some(({ state, lameDuck }) => state !== 'MASTER' && lameDuck !== null);
  for (const { state, setup } of members) {
    if (state !== 'MASTER') continue;
    if (isSilenced) cursor.one(setup.name, { type: 'silence', cause });
    else cursor.one(setup.name, { type: 'demote', cause, yielded: lost.yielded });
  }
}

/**
 * A member that was to be handed over because another had a fault, and was not taken by anybody before that is mended, rises with
 * the rest: by itself it would wait for its successor to the end, and all would wait for it.
 */
function rise(cursor: Cursor, members: readonly Instance[]): void {
  const now = members.flatMap(({ setup }) => cursor.get(setup.name) ?? []);
  // a gate may have closed again since it wanted
  const isReady = ({ wantsMaster, waitingFor }: Instance): boolean => wantsMaster && waitingFor === null;
  if (!now.some(isReady) || !now.every((member) => isReady(member) || isLeft(member))) return;
  for (const member of now) {
    const { name, syncGroup } = member.setup;
    if (isReady(member)) cursor.one(name, { type: 'promote' });
    else
      cursor.one(name, {
        type: 'go-on',
        cause: `sync group ${syncGroup} is whole again, and nobody has taken it over`,
      });
  }
}

function isLeft({ state, handingOver }: Instance): boolean {
  if (state !== 'MASTER' || handingOver === null) return false;
  return handingOver.towards === 'BACKUP' && handingOver.otherwise === 'let-go' && !handingOver.yielded;
}
