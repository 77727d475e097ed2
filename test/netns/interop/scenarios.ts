/**
 * What happens to the pair, and who owns the addresses in the end. Where a peer does otherwise than we do, a comment says who is
 * right by the RFC; what it does is asserted all the same, so that a release that does better is noticed.
 */
import { expect } from 'vitest';
import { until } from '../vrrp/until.ts';
import type { Cell } from './cells.ts';
import { announced, owned, silent, speaksOn } from './checks.ts';
import {
  type Casting,
  downOf,
  onStage,
  PATIENCE_MS,
  type Part,
  type Stage,
  secondJoins,
  skewOf,
  vipsOf,
} from './stage.ts';

/**
 * Version 3 over IPv4 as RFC 9568 section 5.2.8 has it. keepalived 2.2.7 and FRR 8.4 go by RFC 5798, and discard it: the form that
 * is sent must be theirs (`checksum: pseudo-header`, the default); we read both.
 */
export async function plainChecksum(peer: Cell['peer']): Promise<void> {
  const cell = { peer, version: 3, family: 4, transport: 'multicast', master: 'us', scenario: 'crash' } as const;
  await onStage(cell, { first: { checksum: 'plain' } }, apart);
}

interface Scenario {
  readonly casting: (cell: Cell) => Casting;
  readonly play: (stage: Stage) => Promise<void>;
}

export async function run(cell: Cell): Promise<void> {
  const { casting, play } = SCENARIOS[cell.scenario];
  await onStage(cell, casting(cell), play);
}

const SCENARIOS: Readonly<Record<Cell['scenario'], Scenario>> = {
  crash: { casting: () => ({}), play: crash },
  'clean stop': { casting: () => ({}), play: cleanStop },
  'priority change': { casting: () => ({ second: { preempt: true } }), play: priorityChange },
  preemption: { casting: () => ({ first: { priority: 100 }, second: { priority: 200, preempt: true } }), play: preemption },
  'wrong authentication': { casting: () => ({ first: { password: 's3cret' }, second: { password: 'other' } }), play: apart },
  'VRID clash': { casting: (cell) => ({ second: { vips: vipsOf(cell, 200) } }), play: vridClash },
  'interval mismatch': { casting: ({ version }) => ({ first: { intervalMs: 2000 }, second: { intervalMs: version === 2 ? 1000 : 500 } }), play: intervalMismatch },
}; // biome-ignore format: a table

/**
 * FRR sends its first advertisement into its macvlan while that has no carrier yet, where it is lost: the next one comes an
 * interval later. RFC 9568 section 6.4.2 (and keepalived, and we) send it at once. The announcements go out in time.
 */
function lostFirst({ cell }: Stage, { isUs, conf }: Part): number {
  return !isUs && cell.peer === 'FRR' ? conf.intervalMs : 0;
}

/** RFC 9568 section 6.4.2: the Active_Down_Timer. */
async function crash(stage: Stage): Promise<void> {
  const { witness, first, second } = stage;
  await secondJoins(stage);
  await first.speaker.crash();
  const takeover = await witness.next(second.speaker.source, Date.now());
  const lastMs = witness.last(first.speaker.source)?.atMs ?? 0;
  const waitedMs = takeover.atMs - lastMs;
  expect(waitedMs).toBeGreaterThan(3 * first.conf.intervalMs - 50);
  expect(waitedMs).toBeLessThan(downOf(stage) + lostFirst(stage, second) + PATIENCE_MS);
  await announced(stage, second, lastMs);
  await owned(second, 'all');
  // Our addresses have a lifetime in the kernel; those of a keepalived or FRR that was killed stay until the machine is gone.
  await owned(first, first.isUs ? 'none' : 'all');
  await silent(stage, first, second, takeover.atMs);
  expect(witness.seen.filter(({ priority }) => priority === 0)).toEqual([]);
}

/** RFC 9568 section 6.4.3, Shutdown: priority 0, and the other waits its skew only. */
async function cleanStop(stage: Stage): Promise<void> {
  const { witness, first, second } = stage;
  await secondJoins(stage);
  first.speaker.stop();
  const zero = await until('priority 0', () =>
    witness.seen.find(({ source, priority }) => source === first.speaker.source && priority === 0),
  );
  const takeover = await witness.next(second.speaker.source, zero.atMs);
  expect(takeover.atMs - zero.atMs).toBeLessThan(skewOf(stage) + lostFirst(stage, second) + PATIENCE_MS);
  await announced(stage, second, zero.atMs);
  await owned(second, 'all');
  await owned(first, 'none');
  await silent(stage, first, second, takeover.atMs);
}

/** RFC 9568 section 6.4.2: a lower priority is discarded by whoever may pre-empt, and the Active_Down_Timer runs on. */
async function priorityChange(stage: Stage): Promise<void> {
  const { witness, first, second } = stage;
  await secondJoins(stage);
  first.speaker.setPriority(50);
  const lowered = await until('the lower priority', () =>
    witness.seen.find(({ source, priority }) => source === first.speaker.source && priority === 50),
  );
  const takeover = await witness.next(second.speaker.source, lowered.atMs);
  expect(takeover.atMs - lowered.atMs).toBeLessThan(downOf(stage) + lostFirst(stage, second) + PATIENCE_MS);
  await yielded(stage, takeover.atMs);
}

/** RFC 9568 section 6.1, Preempt_Mode. */
async function preemption(stage: Stage): Promise<void> {
  const { witness, second } = stage;
  await second.speaker.start();
  const takeover = await witness.next(second.speaker.source, 0);
  await yielded(stage, takeover.atMs);
}

/** RFC 9568 section 6.4.3: a higher priority wins, without a word; ours is one last advertisement of its own (src/vrrp/master.ts). */
async function yielded(stage: Stage, takeoverMs: number): Promise<void> {
  const { witness, first, second } = stage;
  await announced(stage, second, takeoverMs - lostFirst(stage, second) - second.conf.intervalMs);
  await owned(second, 'all');
  await owned(first, 'none');
  const next = await witness.next(second.speaker.source, takeoverMs + first.conf.intervalMs / 2);
  await silent(stage, first, second, next.atMs);
  expect(witness.seen.filter(({ priority }) => priority === 0)).toEqual([]);
}

/** Each discards what the other says, so each is MASTER (RFC 3768 section 7.1: MUST discard). */
async function apart(stage: Stage): Promise<void> {
  const { first, second, cell } = stage;
  const sinceMs = Date.now();
  await second.speaker.start();
  if (second.isUs && cell.transport === 'multicast') {
    await heldOff(stage, sinceMs);
    return;
  }
  for (const part of [first, second]) await speaksOn(stage, part, isSilenced(cell, part) ? 1 : 4);
  await owned(first, 'all');
  await owned(second, 'all');
}

/**
 * Ours: before it serves for the first time it asks who has its addresses (RFC 5227), and one that answers and is no peer that we
 * know of has them: no second MASTER.
 */
async function heldOff({ witness, first, second }: Stage, sinceMs: number): Promise<void> {
  for (const after of [3, 5]) await witness.next(first.speaker.source, sinceMs + after * first.conf.intervalMs);
  expect(witness.last(second.speaker.source)).toBeUndefined();
  await owned(first, 'all');
  await owned(second, 'none');
}

/**
 * keepalived 2.2.7 as MASTER sets its advertisement timer anew with every packet that it discards: one that comes more often
 * than its own interval keeps it from advertising at all, though it goes on holding the addresses. By the RFCs a discarded packet
 * changes nothing.
 */
function isSilenced({ peer }: Cell, { isUs }: Part): boolean {
  return !isUs && peer === 'keepalived';
}

/**
 * Another router with our VRID and other addresses. RFC 9568 section 7.1 lets a receiver compare the lists (MAY), to log what it
 * finds; RFC 3768 section 7.1 has one that compares discard the packet, unless its sender is the owner. We log, and believe
 * it: two directors whose lists differ for the time of a change must not both be MASTER. So do FRR and keepalived since 2.3.3;
 * Debian's 2.2.7 discards in both versions, and becomes MASTER of its own addresses.
 */
async function vridClash(stage: Stage): Promise<void> {
  const { witness, first, second, cell } = stage;
  if (!second.isUs && cell.peer === 'keepalived') {
    await apart(stage);
    return;
  }
  const sinceMs = Date.now();
  await second.speaker.start();
  const heard = await witness.next(first.speaker.source, sinceMs + downOf(stage));
  await silent(stage, second, first, heard.atMs);
  expect(witness.last(second.speaker.source)).toBeUndefined();
  await owned(first, 'all');
  await owned(second, 'none');
}

/** Version 2 discards another interval (RFC 3768 section 7.1), version 3 learns that of the MASTER (RFC 9568 section 6.1). */
async function intervalMismatch(stage: Stage): Promise<void> {
  const { witness, first, second, cell } = stage;
  if (cell.version === 2) {
    await apart(stage);
    return;
  }
  await second.speaker.start();
  const heard = await witness.next(first.speaker.source, Date.now());
  // By its own interval, a quarter of the MASTER's, it would give the MASTER up between any two advertisements; it may have done
  // so once, before it heard the first, and then gives way at once.
  await silent(stage, second, first, heard.atMs + second.conf.intervalMs);
  await owned(first, 'all');
  await owned(second, 'none');
}
