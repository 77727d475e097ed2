import { expect, it } from 'vitest';
import { close, count, countLate, emptyTally, type Outcome } from '../../vm-lab/load/tally.ts';

const success = (endedMs: number, server = 'web1'): Outcome => ({ startedMs: endedMs - 2, endedMs, server });
const failure = (endedMs: number, cause: string): Outcome => ({ startedMs: endedMs - 250, endedMs, cause });

const run = (startedMs: number, outcomes: readonly Outcome[], endedMs: number) =>
  close(outcomes.reduce(count, emptyTally(startedMs)), endedMs);

it('counts requests by realserver and failures by cause', () => {
  const tally = run(
    0,
    [success(10), success(20, 'web2'), failure(30, 'timeout'), success(40), failure(50, 'reset')],
    50,
  );
  expect(tally).toMatchObject({
    sent: 5,
    succeeded: 3,
    failed: 2,
    servers: { web1: { count: 2, firstMs: 10, lastMs: 40 }, web2: { count: 1, firstMs: 20, lastMs: 20 } },
    causes: { timeout: 1, reset: 1 },
  });
});

it.each([
  ['between two successes', [success(10), failure(400, 'timeout'), success(510), success(520)], 530, [10, 510]],
  ['before the first', [success(900), success(910)], 920, [0, 900]],
  ['after the last, when the service never comes back', [success(10), failure(800, 'timeout')], 1000, [10, 1000]],
  ['over the whole run, when nothing was answered', [failure(300, 'refused')], 700, [0, 700]],
] as const)('finds the longest gap %s', (_, outcomes, endedMs, [fromMs, toMs]) => {
  expect(run(0, outcomes, endedMs).longestGap).toEqual({ fromMs, toMs, ms: toMs - fromMs });
});

it('takes no gap from an answer that comes after the run, when no other request is begun any more', () => {
  const tally = countLate(run(0, [success(10), success(20)], 30), success(900));
  expect(tally).toMatchObject({ sent: 3, succeeded: 3, endedMs: 900, longestGap: { ms: 10 } });
});
