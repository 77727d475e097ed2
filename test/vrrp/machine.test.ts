/**
 * The machine against the RFC's table: each row is a state, an event and what must come of it, with the section that says so.
 * Rows are data; `ours` marks what no RFC knows.
 */
import { describe, expect, it } from 'vitest';
import type { Effect, Instance, InstanceEvent, InstanceSetup } from '../../src/vrrp/instance.ts';
import { newInstance } from '../../src/vrrp/instance.ts';
import { masterDownMs } from '../../src/vrrp/intervals.ts';
import { nextDeadlineMs, step } from '../../src/vrrp/machine.ts';
import type { Advertisement } from '../../src/wire/vrrp.ts';
import { address, GARP, instanceSetup as setup, VIRTUAL_ADDRESS as VIP } from './configuration.ts';

const NOW = 100_000;
const [LOW, HIGH] = [address('10.9.0.1'), address('10.9.0.3')];
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
      const isWaiting = instance.state === 'BACKUP' || instance.state === 'MASTER';
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
    ['INIT, advertisement', init(), heard(1)],
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
