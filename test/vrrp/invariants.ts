/** What holds of every router after every event: one state an instance, with its own timers and no others. */
import type { Instance } from '../../src/vrrp/instance.ts';
import { nextDeadlineMs, type Router } from '../../src/vrrp/router.ts';

/** What does not hold, or undefined. */
export function brokenRule(router: Router): string | undefined {
  for (const [name, instance] of Object.entries(router.instances)) {
    const broken = RULES.find(({ holds }) => !holds(instance));
    if (broken !== undefined) return `${name}: ${broken.rule}: ${JSON.stringify({ ...instance, setup: undefined })}`;
  }
  const groups = Map.groupBy(Object.values(router.instances), ({ setup }) => setup.syncGroup);
  for (const [group, members] of groups) {
    const masters = members.filter(isMaster);
    const staying = masters.filter(({ handingOver }) => handingOver === null).length;
    if (group !== null && staying > 0 && masters.length < members.length)
      return `sync group ${group} is MASTER in part`;
  }
  return undefined;
}

const isMaster = ({ state }: Instance): boolean => state === 'MASTER';
const isBackup = ({ state }: Instance): boolean => state === 'BACKUP';

const isLeaving = ({ handingOver }: Instance): boolean => handingOver !== null && handingOver.towards !== 'BACKUP';

const RULES: readonly { readonly rule: string; readonly holds: (instance: Instance) => boolean }[] = [
  {
    rule: 'the timers of a MASTER run, all of them and only there',
    holds: (one) =>
      [one.advertAtMs, one.addressRefreshAtMs, one.lastAdvertMs].every((atMs) => (atMs !== null) === isMaster(one)) &&
      (isMaster(one) || (one.announceAtMs.length === 0 && one.announceRefreshAtMs === null)),
  },
  {
    rule: 'a BACKUP waits for its MASTER or for its sync group, nobody else does',
    holds: (one) =>
      isBackup(one)
        ? (one.masterDownAtMs !== null) !== one.wantsMaster && (!one.wantsMaster || one.setup.syncGroup !== null)
        : one.masterDownAtMs === null && !one.wantsMaster,
  },
  { rule: 'a MASTER holds its addresses', holds: (one) => !isMaster(one) || one.holdsAddresses },
  {
    rule: 'a FAULT has a reason, and no other that runs has one, unless it hands over',
    holds: (one) => one.state === 'INIT' || one.faults.length > 0 === (one.state === 'FAULT') || isLeaving(one),
  },
  {
    rule: 'a MASTER alone hands over, and has its addresses on no loopback; a BACKUP alone awaits a relay',
    holds: (one) =>
      (one.handingOver === null || isMaster(one)) &&
      (one.lameDuck === null || !isMaster(one)) &&
      (one.relay === null || isBackup(one)),
  },
  { rule: 'a MASTER follows nobody', holds: (one) => !isMaster(one) || (one.master === null && !one.yielded) },
  {
    rule: 'announcements are in order',
    holds: ({ announceAtMs }) => announceAtMs.every((atMs, index) => atMs >= (announceAtMs[index - 1] ?? atMs)),
  },
  {
    rule: 'every time is a number',
    holds: (one) => Object.entries(one).every(([key, value]) => !key.endsWith('Ms') || [value].flat().every(isTime)),
  },
];

function isTime(value: unknown): boolean {
  return value === null || Number.isFinite(value);
}

/** Every state but INIT and FAULT can leave by itself, so something is armed. */
export function isWaitingForNothing(router: Router, nowMs: number): boolean {
  const waits = Object.values(router.instances).some((one) => isMaster(one) || (isBackup(one) && !one.wantsMaster));
  return waits && nextDeadlineMs(router, nowMs) === null;
}
