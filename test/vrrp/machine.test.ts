/**
 * The machine against the RFC's table: each row is a state, an event and what must come of it, with the section that says so.
 * Rows are data; `ours` marks what no RFC knows.
 */
import { describe, expect, it } from 'vitest';
import type { Effect, Instance, InstanceEvent } from '../../src/vrrp/instance.ts';
import { newInstance } from '../../src/vrrp/instance.ts';
import type { InstanceSetup } from '../../src/vrrp/instance-setup.ts';
import { masterDownMs } from '../../src/vrrp/intervals.ts';
import { nextDeadlineMs, step } from '../../src/vrrp/machine.ts';
import type { Advertisement } from '../../src/wire/vrrp.ts';
import { address, GARP, instanceSetup as setup, VIRTUAL_ADDRESS as VIP } from './configuration.ts';

const NOW = 100_000;
const [LOW, HIGH, FOREIGN] = [address('10.9.0.1'), address('10.9.0.3'), address('10.9.0.9')];
const adv = (priority: number, advertIntervalMs = 1000): Advertisement => ({
  version: 3,
  vrid: 51,
  priority,
  addresses: [VIP.address],
  advertIntervalMs,
  authentication: null,
});
const heard = (priority: number, source = LOW, advertIntervalMs = 1000): InstanceEvent => ({
  type: 'advertisement',
  advertisement: adv(priority, advertIntervalMs),
  source,
});

const init = (more: Partial<InstanceSetup> = {}): Instance => newInstance(setup(more), NOW - 50_000);
/** BACKUP since 1 s ago. */
const backup = (more: Partial<InstanceSetup> = {}): Instance =>
  step(init(more), { type: 'startup', found: 'absent' }, NOW - 1000).instance;
/** MASTER that advertised last 400 ms ago, its first burst over. */
function master(more: Partial<InstanceSetup> = {}): Instance {
  const fresh = step({ ...init(more), holdsAddresses: true }, { type: 'startup', found: 'fresh' }, NOW - 400).instance;
  return { ...fresh, advertsSent: 0 };
}
/** With directors of ours at 10.9.0.1 and 10.9.0.3, and a speaker that is none at 10.9.0.9. */
const PEERS = { peers: [LOW, HIGH, FOREIGN], managed: [LOW, HIGH] };
const YIELD = { type: 'hand-over', cause: 'asked', deadlineMs: NOW + 5000 } as const;
/** MASTER that has begun to hand over just now. */
const handing = (event: InstanceEvent = YIELD, more: Partial<InstanceSetup> = {}): Instance =>
  step(master({ ...PEERS, ...more }), event, NOW).instance;
const STOP = { type: 'shutdown', release: true, cause: 'x', awaitSuccessor: true } as const;
const SOFT = { type: 'faults', faults: ['x'], canServe: true } as const;
/** It has done so for four seconds. */
const tired = (one: Instance): Instance => ({
  ...one,
  lastAdvertMs: NOW + 4000,
  advertAtMs: NOW + 6000,
  addressRefreshAtMs: NOW + 6000,
});
/** BACKUP that is a lame duck since just now. */
const lame = (): Instance => step(handing(), heard(50), NOW).instance;
/** BACKUP that has heard priority 0 of a director just now. */
const called = (more: Partial<InstanceSetup> = {}): Instance =>
  step(backup({ ...PEERS, ...more }), heard(0), NOW).instance;
const SKEW = 609.375;
const QUICK = { advertIntervalMs: 100 };

const fault = (): Instance =>
  step(backup(), { type: 'faults', faults: ['interface eth1 is down'] }, NOW - 500).instance;
const down = (priority = 100, interval = 1000): number => masterDownMs(3, priority, interval);

/** An effect in one word: `send 100`, `add`, `announce 5`, `BACKUP→MASTER`. */
function word(effect: Effect): string {
  switch (effect.type) {
    case 'send':
      return `send ${effect.advertisement.priority}`;
    case 'add-addresses':
      return `add ${effect.lifetimeSeconds}`;
    case 'refresh-addresses':
      return `refresh ${effect.lifetimeSeconds}`;
    case 'delete-addresses':
      return 'delete';
    case 'silence-addresses':
      return `silence ${effect.lifetimeSeconds}`;
    case 'unsilence-addresses':
      return 'unsilence';
    case 'prepare-relay':
      return `relay to ${effect.to}`;
    case 'hand-over':
      return `hand-over ${effect.outcome}`;
    case 'announce':
      return `announce ${effect.rounds}`;
    case 'probe':
      return `probe ${effect.addresses.join(' ')}`;
    case 'transition':
      return `${effect.from}→${effect.to}`;
    case 'unexpected':
      return 'unexpected';
  }
}

interface Row {
  readonly why: string;
  readonly from: Instance;
  readonly event: InstanceEvent;
  readonly atMs?: number;
  readonly effects: readonly string[];
  readonly becomes?: Partial<Instance>;
}

const TIME: InstanceEvent = { type: 'time' };
// biome-ignore format: a table
const ROWS: readonly Row[] = [
  // RFC 9568 section 6.4.1, Initialize
  { why: '6.4.1 not the owner: BACKUP, Active_Down_Timer', from: init(), event: { type: 'startup', found: 'absent' }, effects: ['INIT→BACKUP'], becomes: { masterDownAtMs: NOW + down(), advertAtMs: null } },
  { why: '6.4.1 owner: MASTER at once', from: init({ basePriority: 255 }), event: { type: 'startup', found: 'absent' }, effects: ['send 255', 'add 5', 'announce 5', 'INIT→MASTER'], becomes: { advertAtMs: NOW + 1000, masterDownAtMs: null } },
  { why: 'ours: adopted, no announcement and no transition', from: init(), event: { type: 'startup', found: 'fresh' }, effects: ['send 100', 'add 5'], becomes: { state: 'MASTER', advertAtMs: NOW + 1000 } },
  { why: 'ours: left-over addresses wait one interval', from: init(), event: { type: 'startup', found: 'stale' }, effects: ['INIT→BACKUP'], becomes: { masterDownAtMs: NOW + 1000, holdsAddresses: true } },
  { why: 'ours: started with a fault, left-over addresses go', from: { ...init(), faults: ['x'] }, event: { type: 'startup', found: 'stale' }, effects: ['delete', 'INIT→FAULT'] },
  // RFC 9568 section 6.4.2, Backup
  { why: '6.4.2 shutdown', from: backup(), event: { type: 'shutdown', release: true, cause: 'x' }, effects: ['BACKUP→INIT'], becomes: { masterDownAtMs: null } },
  { why: '6.4.2 Active_Down_Timer fires', from: backup(), event: TIME, atMs: NOW - 1000 + down(), effects: ['send 100', 'add 5', 'announce 5', 'BACKUP→MASTER'], becomes: { masterDownAtMs: null, advertAtMs: NOW - 1000 + down() + 1000 } },
  { why: '6.4.2 not yet', from: backup(), event: TIME, atMs: NOW - 1000 + down() - 0.01, effects: [] },
  { why: '6.4.2 priority 0: skew only', from: backup(), event: heard(0), effects: [], becomes: { masterDownAtMs: NOW + 609.375 } },
  { why: '6.4.2 higher: reset', from: backup(), event: heard(101), effects: [], becomes: { masterDownAtMs: NOW + down(), master: LOW } },
  { why: '6.4.2 equal: reset', from: backup({ preempt: true }), event: heard(100), effects: [], becomes: { masterDownAtMs: NOW + down() } },
  { why: '6.4.2 the interval of the MASTER is learned', from: backup(), event: heard(200, LOW, 250), effects: [], becomes: { masterAdvertMs: 250, masterDownAtMs: NOW + down(100, 250) } },
  { why: 'RFC 3768 6.4.2: version 2 keeps its own interval', from: backup({ version: 2 }), event: heard(200, LOW, 5000), effects: [], becomes: { masterAdvertMs: 1000, masterDownAtMs: NOW + 3609.375 } },
  { why: '6.4.2 lower, Preempt_Mode false: reset', from: backup(), event: heard(99), effects: [], becomes: { masterDownAtMs: NOW + down(), master: LOW } },
  { why: '6.4.2 lower, Preempt_Mode true: discard', from: backup({ preempt: true }), event: heard(99), effects: [], becomes: { masterDownAtMs: NOW - 1000 + down(), master: null } },
  { why: 'ours: preempt_delay counts from the first lower one', from: backup({ preempt: true, preemptDelayMs: 5000 }), event: heard(99), effects: [], becomes: { masterDownAtMs: NOW + down(), preemptFromMs: NOW + 5000 } },
  { why: 'ours: having yielded it does not pre-empt', from: { ...backup({ preempt: true }), yielded: true }, event: heard(99), effects: [], becomes: { masterDownAtMs: NOW + down() } },
  { why: 'ours: left-over addresses go when a MASTER is heard', from: { ...backup(), holdsAddresses: true }, event: heard(99), effects: ['delete'], becomes: { holdsAddresses: false } },
  { why: 'ours: gate closed, one interval more', from: { ...backup(), waitingFor: 'x' }, event: TIME, atMs: NOW + 4000, effects: [], becomes: { masterDownAtMs: NOW + 5000 } },
  { why: 'ours: a member of a sync group only wants', from: backup({ syncGroup: 'g' }), event: TIME, atMs: NOW + 4000, effects: [], becomes: { state: 'BACKUP', wantsMaster: true, masterDownAtMs: null } },
  { why: 'ours: the group rises', from: { ...backup({ syncGroup: 'g' }), wantsMaster: true, masterDownAtMs: null }, event: { type: 'promote' }, effects: ['send 100', 'add 5', 'announce 5', 'BACKUP→MASTER'], becomes: { wantsMaster: false } },
  { why: 'ours: a MASTER heard again ends the wish', from: { ...backup({ syncGroup: 'g' }), wantsMaster: true, masterDownAtMs: null }, event: heard(99), effects: [], becomes: { wantsMaster: false, masterDownAtMs: NOW + down() } },
  { why: 'ours: fault', from: backup(), event: { type: 'faults', faults: ['x'] }, effects: ['BACKUP→FAULT'], becomes: { masterDownAtMs: null } },
  { why: 'ours: priority moves the running timer', from: backup(), event: { type: 'priority', priority: 90 }, effects: [], becomes: { priority: 90, masterDownAtMs: NOW - 1000 + down(90) } },
  { why: 'ours: not MASTER, nothing to give away', from: backup(), event: { type: 'demote', cause: 'x', yielded: true }, effects: [], becomes: { state: 'BACKUP' } },
  // RFC 9568 section 6.4.3, Active
  { why: '6.4.3 shutdown: priority 0', from: master(), event: { type: 'shutdown', release: true, cause: 'x' }, effects: ['send 0', 'delete', 'MASTER→INIT'], becomes: { advertAtMs: null } },
  { why: 'ours: restart, nothing is said or taken out', from: master(), event: { type: 'shutdown', release: false, cause: 'x' }, effects: [], becomes: { state: 'INIT', holdsAddresses: true } },
  { why: '6.4.3 Adver_Timer fires', from: master(), event: TIME, atMs: NOW + 603, effects: ['send 100', 'refresh 5'], becomes: { advertAtMs: NOW + 1600 } },
  { why: 'ours: turns that were missed are not made up for', from: master(), event: TIME, atMs: NOW + 2700, effects: ['send 100', 'refresh 5'], becomes: { advertAtMs: NOW + 3600 } },
  { why: '6.4.3 priority 0: answer at once; ours: it was MASTER too, so announce', from: master(), event: heard(0), effects: ['send 100', 'announce 5'], becomes: { advertAtMs: NOW + 1000, reclaimAtMs: NOW + 5000 } },
  { why: '6.4.3 higher priority wins; ours: and is told that there were two', from: master(), event: heard(101), effects: ['delete', 'send 100', 'MASTER→BACKUP'], becomes: { masterDownAtMs: NOW + down(), advertAtMs: null, master: LOW } },
  { why: '6.4.3 with its interval', from: master(), event: heard(101, LOW, 250), effects: ['delete', 'send 100', 'MASTER→BACKUP'], becomes: { masterDownAtMs: NOW + down(100, 250) } },
  { why: '6.4.3 equal, higher address wins', from: master(), event: heard(100, HIGH), effects: ['delete', 'send 100', 'MASTER→BACKUP'] },
  { why: '6.4.3 equal, lower address: answer at once', from: master(), event: heard(100, LOW), effects: ['send 100', 'announce 5'], becomes: { state: 'MASTER', advertAtMs: NOW + 1000 } },
  { why: '6.4.3 lower: answer at once', from: master(), event: heard(99, HIGH), effects: ['send 100', 'announce 5'], becomes: { state: 'MASTER', reclaimAtMs: NOW + 5000 } },
  { why: 'ours: fault, priority 0 while it still can', from: master(), event: { type: 'faults', faults: ['x'] }, effects: ['send 0', 'delete', 'MASTER→FAULT'] },
  { why: 'ours: yield', from: master(), event: { type: 'demote', cause: 'x', yielded: true }, effects: ['send 0', 'delete', 'MASTER→BACKUP'], becomes: { yielded: true, masterDownAtMs: NOW + down() } },
  { why: 'ours: deleted behind our back', from: master(), event: { type: 'addresses-removed', addresses: [VIP.address] }, effects: ['add 5', 'announce 1'] },
  { why: 'ours: a deleted address of another', from: master(), event: { type: 'addresses-removed', addresses: [LOW] }, effects: [] },
  { why: 'ours: stalled for master_down, steps down before it sends', from: master(), event: TIME, atMs: NOW - 400 + down() + 1, effects: ['delete', 'MASTER→BACKUP'], becomes: { advertsSent: 0 } },
  { why: 'ours: stalled, and does not fight its successor', from: master(), event: heard(99), atMs: NOW - 400 + down() + 1, effects: ['delete', 'MASTER→BACKUP'], becomes: { master: LOW } },
  { why: 'ours: late, but within master_down', from: master(), event: TIME, atMs: NOW - 400 + down(), effects: ['send 100', 'refresh 5'], becomes: { state: 'MASTER' } },
  { why: 'ours: announcements are renewed', from: { ...master(), advertAtMs: NOW + 61_000, lastAdvertMs: NOW + 59_600, addressRefreshAtMs: NOW + 61_000 }, event: TIME, atMs: NOW + 59_600, effects: ['announce 1'] },
  // ours: the planned hand-over, seen from the old MASTER
  { why: 'hand-over: asked for, it serves on', from: master(PEERS), event: YIELD, effects: ['send 0', 'hand-over begun'], becomes: { state: 'MASTER', holdsAddresses: true, advertAtMs: NOW + 1000, announceRefreshAtMs: null } },
  { why: 'hand-over: asked for where nobody else speaks', from: master({ transport: 'unicast' }), event: YIELD, effects: ['hand-over kept'], becomes: { state: 'MASTER', handingOver: null } },
  { why: 'hand-over: asked for where nobody else is known, but may listen', from: master(), event: YIELD, effects: ['send 0', 'hand-over begun'], becomes: { state: 'MASTER' } },
  { why: 'hand-over: asked for again', from: handing(), event: { ...YIELD, deadlineMs: NOW + 9000 }, effects: [], becomes: { handingOver: expect.objectContaining({ deadlineMs: NOW + 5000 }) } },
  { why: 'hand-over: priority 0 again each interval, the addresses are renewed', from: handing(), event: TIME, atMs: NOW + 1000, effects: ['send 0', 'refresh 5'], becomes: { advertAtMs: NOW + 2000 } },
  { why: 'hand-over: the successor speaks, with a lower priority', from: handing(), event: heard(50), effects: ['silence 600', 'MASTER→BACKUP'], becomes: { state: 'BACKUP', yielded: true, master: LOW, lameDuck: { untilMs: NOW + 600_000 }, holdsAddresses: false, handingOver: null, masterDownAtMs: NOW + down() } },
  { why: 'hand-over: a successor that is no director relays nothing', from: handing(), event: heard(50, FOREIGN), effects: ['delete', 'MASTER→BACKUP'], becomes: { lameDuck: null, yielded: true } },
  { why: 'hand-over: the successor speaks, and its clock is not believed', from: handing(), event: { type: 'dropped', reason: 'hmac-stale', isAlive: true, source: LOW }, effects: ['silence 600', 'MASTER→BACKUP'], becomes: { dropped: { 'hmac-stale': 1 } } },
  { why: 'hand-over: what somebody without the key says does not end it', from: handing(), event: { type: 'dropped', reason: 'hmac-wrong' }, effects: [], becomes: { state: 'MASTER' } },
  { why: 'hand-over: another gives up too', from: handing(), event: heard(0), effects: [], becomes: { state: 'MASTER' } },
  { why: 'hand-over: nobody took it, and nothing was lost by asking', from: tired(handing()), event: TIME, atMs: NOW + 5000, effects: ['send 100', 'hand-over kept'], becomes: { state: 'MASTER', handingOver: null, cause: 'still MASTER: nobody took it over within 5000 ms (asked)', advertAtMs: NOW + 6000, announceRefreshAtMs: NOW + 65_000 } },
  { why: 'hand-over: not before its deadline', from: tired(handing()), event: TIME, atMs: NOW + 4999, effects: [], becomes: { state: 'MASTER' } },
  { why: 'hand-over: stop', from: master(PEERS), event: STOP, effects: ['send 0', 'hand-over begun'], becomes: { state: 'MASTER', handingOver: expect.objectContaining({ towards: 'INIT', deadlineMs: NOW + 5000 }) } },
  { why: 'hand-over: stop waits 5 s at most', from: master({ ...PEERS, advertIntervalMs: 10_000 }), event: STOP, effects: ['send 0', 'hand-over begun'], becomes: { handingOver: expect.objectContaining({ deadlineMs: NOW + 5000 }) } },
  { why: 'hand-over: stop where nobody else speaks', from: master(), event: STOP, effects: ['send 0', 'delete', 'MASTER→INIT'] },
  { why: 'hand-over: stopped when the successor speaks, the kernel is the lame duck', from: handing(STOP), event: heard(50), effects: ['silence 60', 'MASTER→INIT'], becomes: { holdsAddresses: false } },
  { why: 'hand-over: stopped without a successor', from: tired(handing(STOP)), event: TIME, atMs: NOW + 5000, effects: ['delete', 'MASTER→INIT'] },
  { why: 'hand-over: stop while it hands over on request', from: handing(), event: STOP, effects: [], becomes: { handingOver: expect.objectContaining({ towards: 'INIT', otherwise: 'let-go', sinceMs: NOW }) } },
  { why: 'hand-over: restart, nothing is said or taken out', from: handing(), event: { type: 'shutdown', release: false, cause: 'x' }, effects: [], becomes: { state: 'INIT', holdsAddresses: true } },
  { why: 'hand-over: a fault that leaves the addresses usable', from: master(PEERS), event: SOFT, effects: ['send 0', 'hand-over begun'], becomes: { state: 'MASTER', faults: ['x'] } },
  { why: 'hand-over: FAULT when the successor speaks', from: handing(SOFT), event: heard(50), effects: ['silence 600', 'MASTER→FAULT'], becomes: { cause: 'x', lameDuck: { untilMs: NOW + 600_000 } } },
  { why: 'hand-over: FAULT without a successor', from: tired(handing(SOFT)), event: TIME, atMs: NOW + 7000, effects: ['delete', 'MASTER→FAULT'] },
  { why: 'hand-over: mended before anybody took it', from: handing(SOFT), event: { type: 'faults', faults: [] }, effects: [], becomes: { state: 'MASTER', handingOver: expect.objectContaining({ towards: 'BACKUP', otherwise: 'go-on' }) } },
  { why: 'hand-over: mended, but one of a group that may be half gone', from: handing(SOFT, { syncGroup: 'g' }), event: { type: 'faults', faults: [] }, effects: [], becomes: { handingOver: expect.objectContaining({ towards: 'BACKUP', otherwise: 'let-go' }) } },
  { why: 'hand-over: the interface fails meanwhile', from: handing(), event: { type: 'faults', faults: ['x'] }, effects: ['send 0', 'delete', 'MASTER→FAULT'], becomes: { handingOver: null } },
  { why: 'hand-over: the interface fails while it stops', from: handing(STOP), event: { type: 'faults', faults: ['x'] }, effects: ['send 0', 'delete', 'MASTER→INIT'] },
  { why: 'hand-over: a fault while it stops', from: handing(STOP), event: SOFT, effects: [], becomes: { handingOver: expect.objectContaining({ towards: 'INIT' }) } },
  { why: 'hand-over: stalled, somebody has taken over long ago', from: handing(), event: TIME, atMs: NOW + down() + 1, effects: ['delete', 'MASTER→BACKUP'], becomes: { yielded: true } },
  { why: 'hand-over: stalled while it stops', from: handing(STOP), event: heard(50), atMs: NOW + down() + 1, effects: ['delete', 'MASTER→INIT'] },
  { why: 'hand-over: demoted by the group, without a wish to go on', from: master(PEERS), event: { type: 'demote', cause: 'x', yielded: false }, effects: ['send 0', 'hand-over begun'], becomes: { handingOver: expect.objectContaining({ otherwise: 'let-go' }) } },
  { why: 'hand-over: demoted by the group while it has a reason of its own', from: handing(), event: { type: 'demote', cause: 'x', yielded: false }, effects: [], becomes: { handingOver: expect.objectContaining({ cause: 'asked' }) } },
  { why: 'hand-over: the group is silenced', from: handing(), event: { type: 'silence', cause: 'x' }, effects: ['silence 600', 'MASTER→BACKUP'] },
  { why: 'hand-over: the group was pre-empted', from: master(PEERS), event: { type: 'silence', cause: 'x' }, effects: ['send 0', 'silence 600', 'MASTER→BACKUP'] },
  { why: 'hand-over: pre-empted by a director', from: master(PEERS), event: heard(101), effects: ['silence 600', 'send 100', 'MASTER→BACKUP'], becomes: { yielded: false, masterDownAtMs: NOW + down() } },
  { why: 'hand-over: pre-empted by another', from: master(PEERS), event: heard(101, FOREIGN), effects: ['delete', 'send 100', 'MASTER→BACKUP'], becomes: { lameDuck: null } },
  { why: 'lame duck: ended by who watches the connections', from: lame(), event: { type: 'end-lame-duck' }, effects: ['unsilence'], becomes: { lameDuck: null } },
  { why: 'lame duck: nothing to end', from: backup(), event: { type: 'end-lame-duck' }, effects: [] },
  { why: 'lame duck: its time is over', from: { ...lame(), masterDownAtMs: NOW + 601_000 }, event: TIME, atMs: NOW + 600_000, effects: ['unsilence'], becomes: { lameDuck: null, masterDownAtMs: NOW + 601_000 } },
  { why: 'lame duck: takes over again', from: lame(), event: TIME, atMs: NOW + down(), effects: ['send 100', 'add 5', 'unsilence', 'announce 5', 'BACKUP→MASTER'], becomes: { lameDuck: null, yielded: false } },
  { why: 'lame duck: stops, the kernel goes on for a minute', from: lame(), event: STOP, effects: ['silence 60', 'BACKUP→INIT'] },
  { why: 'lame duck: its instance leaves the configuration', from: lame(), event: { type: 'shutdown', release: true, cause: 'x' }, effects: ['unsilence', 'BACKUP→INIT'] },
  { why: 'lame duck: restarts', from: lame(), event: { type: 'shutdown', release: false, cause: 'x' }, effects: [], becomes: { state: 'INIT' } },
  { why: 'lame duck: found by the next process', from: init(PEERS), event: { type: 'startup', found: 'absent', silentMs: 7000 }, effects: ['INIT→BACKUP'], becomes: { lameDuck: { untilMs: NOW + 7000 } } },
  { why: 'lame duck: left over beside addresses that were renewed', from: init(PEERS), event: { type: 'startup', found: 'fresh', silentMs: 7000 }, effects: ['send 100', 'add 5', 'unsilence'], becomes: { state: 'MASTER', lameDuck: null } },
  // ours: the planned hand-over, seen from the successor
  { why: 'relay: priority 0 of a director', from: backup(PEERS), event: heard(0), effects: ['relay to 10.9.0.1'], becomes: { masterDownAtMs: NOW + SKEW, relay: { to: LOW, handsOver: true, isReady: false, patienceEndsMs: NOW + 3000, dueMs: NOW + SKEW } } },
  { why: 'relay: priority 0 of another speaker has let go already', from: backup(PEERS), event: heard(0, FOREIGN), effects: [], becomes: { masterDownAtMs: NOW + SKEW, relay: null } },
  { why: 'relay: said again, the skew runs on', from: called(), event: heard(0), atMs: NOW + 400, effects: [], becomes: { masterDownAtMs: NOW + SKEW } },
  { why: 'relay: the skew is over, it is not ready', from: called(), event: TIME, atMs: NOW + SKEW, effects: [], becomes: { state: 'BACKUP', masterDownAtMs: NOW + 3000 } },
  { why: 'relay: ready before the skew is over', from: called(), event: { type: 'relay-ready' }, atMs: NOW + 100, effects: [], becomes: { masterDownAtMs: NOW + SKEW, relay: expect.objectContaining({ isReady: true }) } },
  { why: 'relay: ready after the skew was over', from: step(called(), TIME, NOW + SKEW).instance, event: { type: 'relay-ready' }, atMs: NOW + 800, effects: [], becomes: { masterDownAtMs: NOW + 800 } },
  { why: 'relay: ready, and the skew is over; announced again after the other has fallen silent', from: step(called(), { type: 'relay-ready' }, NOW + 100).instance, event: TIME, atMs: NOW + SKEW, effects: ['send 100', 'add 5', 'announce 5', 'BACKUP→MASTER'], becomes: { cause: '10.9.0.1 hands over', relay: null, announceAtMs: [NOW + SKEW + 250, ...[0, 1, 2, 3, 4].map(() => NOW + SKEW + 5000)] } },
  { why: 'relay: never ready, patience is over', from: step(called(), TIME, NOW + SKEW).instance, event: TIME, atMs: NOW + 3000, effects: ['send 100', 'add 5', 'announce 5', 'BACKUP→MASTER'] },
  { why: 'relay: not ready, and it still says priority 0', from: step(step(called(QUICK), TIME, NOW + 61).instance, heard(0), NOW + 300).instance, event: TIME, atMs: NOW + down(100, 100), effects: [], becomes: { masterDownAtMs: NOW + 300 + down(100, 100) } },
  { why: 'relay: not ready, and it has died', from: step(called(QUICK), TIME, NOW + 61).instance, event: TIME, atMs: NOW + down(100, 100), effects: ['send 100', 'add 2', 'announce 5', 'BACKUP→MASTER'], becomes: { cause: '10.9.0.1 hands over' } },
  { why: 'relay: may not take over any more: it is prepared anew when it may', from: called(), event: { type: 'gate', waitingFor: 'x' }, effects: [], becomes: { waitingFor: 'x', relay: null } },
  { why: 'relay: the other goes on', from: called(), event: heard(110), effects: [], becomes: { relay: null, masterDownAtMs: NOW + down() } },
  { why: 'relay: ready without having been asked for', from: backup(PEERS), event: { type: 'relay-ready' }, effects: [], becomes: { relay: null } },
  { why: 'relay: asked for before it pre-empts, once', from: backup({ ...PEERS, preempt: true }), event: heard(99), effects: ['relay to 10.9.0.1'], becomes: { masterDownAtMs: NOW - 1000 + down(), relay: expect.objectContaining({ handsOver: false, dueMs: null }) } },
  { why: 'relay: asked for already', from: step(backup({ ...PEERS, preempt: true }), heard(99), NOW - 100).instance, event: heard(99), effects: [] },
  { why: 'relay: not prepared by one that may not take over', from: { ...backup(PEERS), waitingFor: 'x' }, event: heard(0), effects: [], becomes: { relay: null } },
  { why: 'relay: not asked for before the gate opens', from: { ...backup({ ...PEERS, preempt: true }), waitingFor: 'x' }, event: heard(99), effects: [], becomes: { relay: null } },
  { why: 'relay: to pre-empt, it was ready long ago', from: step(step(backup({ ...PEERS, preempt: true }), heard(99), NOW).instance, { type: 'relay-ready' }, NOW + 100).instance, event: TIME, atMs: NOW - 1000 + down(), effects: ['send 100', 'add 5', 'announce 5', 'BACKUP→MASTER'], becomes: { cause: '10.9.0.1 is pre-empted' } },
  { why: 'relay: a group waits for each of its members', from: called({ syncGroup: 'g' }), event: TIME, atMs: NOW + SKEW, effects: [], becomes: { wantsMaster: false, masterDownAtMs: NOW + 3000 } },
  // ours: FAULT
  { why: 'ours: in fault nobody else matters', from: fault(), event: heard(255), effects: [], becomes: { state: 'FAULT', masterDownAtMs: null } },
  { why: 'ours: mended', from: fault(), event: { type: 'faults', faults: [] }, effects: ['FAULT→BACKUP'], becomes: { masterDownAtMs: NOW + down() } },
  { why: 'ours: another fault', from: fault(), event: { type: 'faults', faults: ['y'] }, effects: [], becomes: { state: 'FAULT', cause: 'y' } },
];

describe('the table', () => {
  it.each(ROWS.map((row) => [row.why, row] as const))('%s', (_why, { from, event, atMs, effects, becomes }) => {
    const stepped = step(from, event, atMs ?? NOW);
    expect(stepped.effects.map(word)).toEqual(effects);
    if (becomes !== undefined) expect(stepped.instance).toMatchObject(becomes);
  });

  it('does not change what it was given, and gives the same for the same', () => {
    for (const { from, event, atMs } of ROWS) {
      const before = JSON.stringify(from);
      const first = step(from, event, atMs ?? NOW);
      expect(JSON.stringify(from)).toBe(before);
      expect(step(JSON.parse(before) as Instance, event, atMs ?? NOW)).toEqual(first);
    }
  });

  it('leaves a timer running in BACKUP and MASTER, and none elsewhere', () => {
    for (const { from, event, atMs } of ROWS) {
      const { instance } = step(from, event, atMs ?? NOW);
      const isLame = instance.state === 'FAULT' && instance.lameDuck !== null;
      const isWaiting = instance.state === 'BACKUP' || instance.state === 'MASTER' || isLame;
      expect(nextDeadlineMs(instance) !== null || instance.wantsMaster).toBe(isWaiting);
    }
  });

  it('tells every change of state but those of a restart, and nothing else', () => {
    for (const { from, event, atMs } of ROWS) {
      const { instance, effects } = step(from, event, atMs ?? NOW);
      const said = effects.filter(({ type }) => type === 'transition').length > 0;
      const isRestart =
        (event.type === 'startup' && event.found === 'fresh') || (event.type === 'shutdown' && !event.release);
      expect(said || isRestart).toBe(from.state !== instance.state);
    }
  });
});

describe('an event that a state does not list', () => {
  it.each<[string, Instance, InstanceEvent]>([
    ['INIT, promote', init(), { type: 'promote' }],
    ['INIT, shutdown', init(), { type: 'shutdown', release: true, cause: 'x' }],
    ['BACKUP, startup', backup(), { type: 'startup', found: 'absent' }],
    ['FAULT, startup', fault(), { type: 'startup', found: 'absent' }],
    ['MASTER, startup', master(), { type: 'startup', found: 'absent' }],
    ['MASTER, promote', master(), { type: 'promote' }],
    ['FAULT, promote', fault(), { type: 'promote' }],
  ])('%s: refused by name, nothing changed', (_name, from, event) => {
    const { instance, effects } = step(from, event, NOW);
    expect(instance).toBe(from);
    expect(effects).toEqual([{ type: 'unexpected', instance: 'public', state: from.state, event: event.type }]);
  });
});

describe('announcements', () => {
  it('come at once, again after a while, and on refresh', () => {
    let now = NOW + 3000;
    let { instance, effects } = step(
      backup({ garp: { ...GARP, count: 2, again: 3, againAfterMs: 2500, refreshMs: 60_000 } }),
      TIME,
      now,
    );
    const rounds: [number, number][] = [];
    for (const end = now + 125_000; now <= end; ) {
      for (const effect of effects) if (effect.type === 'announce') rounds.push([now - NOW - 3000, effect.rounds]);
      now = nextDeadlineMs(instance) ?? end + 1;
      ({ instance, effects } = step(instance, TIME, now));
    }
    expect(rounds).toEqual([[0, 2], [2500, 3], [60_000, 1], [120_000, 1]]); // biome-ignore format: short
  });

  it('carry the least time between two', () => {
    const { effects } = step(backup({ garp: { ...GARP, count: 3, intervalMs: 20 } }), TIME, NOW + 3000);
    expect(effects).toContainEqual(expect.objectContaining({ type: 'announce', rounds: 3, intervalMs: 20 }));
  });

  /** What is announced when, relative to `NOW`, while `events` come and until 20 s after. */
  function announced(from: Instance, events: readonly (readonly [number, InstanceEvent])[]): [number, number][] {
    const rounds: [number, number][] = [];
    let instance = from;
    const take = (event: InstanceEvent, atMs: number): void => {
      const stepped = step(instance, event, atMs);
      instance = stepped.instance;
      for (const effect of stepped.effects) if (effect.type === 'announce') rounds.push([atMs - NOW, effect.rounds]);
    };
    const pass = (untilMs: number): void => {
      for (let next = nextDeadlineMs(instance); next !== null && next <= untilMs; next = nextDeadlineMs(instance))
        take(TIME, next);
    };
    for (const [atMs, event] of events) {
      pass(NOW + atMs);
      take(event, NOW + atMs);
    }
    pass(NOW + 20_000);
    return rounds;
  }

  it('win the addresses back from a lower MASTER: at once, and when it has been silent for a while', () => {
    const reclaiming = master({ garp: { ...GARP, refreshMs: 0, lowerPriority: { count: 3, afterMs: 2000 } } });
    expect(announced(reclaiming, [[0, heard(50)]])).toEqual([[0, 3], [2000, 3]]); // biome-ignore format: short
    const chatty = Array.from({ length: 50 }, (_, index) => [index * 100, heard(50)] as const);
    expect(announced(reclaiming, chatty)).toEqual([[0, 3], [2000, 3], [4000, 3], [6900, 3]]); // biome-ignore format: short
    expect(announced(reclaiming, [[0, heard(50)], [300, heard(0)]])).toEqual([[0, 3], [2300, 3]]); // biome-ignore format: short
  });

  it('leave it to the refresh where the count for a lower MASTER is 0', () => {
    const silent = master({ garp: { ...GARP, refreshMs: 15_000, lowerPriority: { count: 0, afterMs: 2000 } } });
    expect(announced(silent, [[0, heard(50)]])).toEqual([[14_600, 1]]);
  });

  it('are over when the role is', () => {
    const { instance } = step(step(master(), heard(50), NOW).instance, heard(200), NOW + 10);
    expect(instance).toMatchObject({ state: 'BACKUP', announceAtMs: [], reclaimAtMs: null, reclaimedMs: null });
  });
});

describe('a new setup', () => {
  const other = { ...VIP, address: address('10.9.0.101') };
  it('moves what a MASTER holds and says nothing of it on the wire', () => {
    const after = setup({ addresses: [other], advertised: [other.address] });
    const { instance, effects } = step(master(), { type: 'setup', setup: after }, NOW);
    expect(effects.map(word)).toEqual(['delete', 'add 5', 'announce 5']);
    expect(instance).toMatchObject({ state: 'MASTER', setup: after });
  });

  it('shortens the wait for a shorter interval', () => {
    const { instance } = step(master(), { type: 'setup', setup: setup({ advertIntervalMs: 100 }) }, NOW);
    expect(instance.advertAtMs).toBe(NOW + 100);
  });

  it('that asks for pre-emption, or for another delay, lets the delay begin anew', () => {
    const waitsFrom = (more: Partial<InstanceSetup>): number | null => {
      const waiting = step(backup({ preemptDelayMs: 5000 }), heard(99), NOW).instance;
      return step(waiting, { type: 'setup', setup: setup({ preemptDelayMs: 5000, ...more }) }, NOW).instance
        .preemptFromMs;
    };
    expect([waitsFrom({}), waitsFrom({ preempt: true }), waitsFrom({ preemptDelayMs: 6000 })]).toEqual([
      NOW + 5000,
      null,
      null,
    ]);
  });

  it('takes nothing out where nothing is held', () => {
    expect(step(backup(), { type: 'setup', setup: setup({ addresses: [other] }) }, NOW).effects).toEqual([]);
  });
});
