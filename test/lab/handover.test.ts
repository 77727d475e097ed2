/**
 * Planned hand-overs under load, as operators do them: nothing that is connected notices in DR and TUN, whatever happens to
 * the old MASTER afterwards; in NAT the command says beforehand what would be lost.
 */
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { attempt } from '../../vm-lab/exec.ts';
import { powerOff, powerOn } from '../../vm-lab/faults.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { startHeld, startRequests } from '../../vm-lab/traffic.ts';
import { apply, arpAnswers, holders, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

/** Fresh: connections of clients that other tests have killed would be waited for. */
const lab = labForTests({ fresh: true });
/** A busy machine needs more than the milliseconds of a quiet one; what it takes is printed, and measured by the benchmark. */
const LONGEST_GAP_MS = 1_000;
const PATIENCE_MS = 3_000;

interface Moved {
  readonly instances: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly outcome: string;
  readonly seconds?: number;
  readonly left?: number | null;
  readonly lost?: number;
}

async function failover(name: string, ...args: string[]) {
  const ran = await lvsctl(lab(), ['failover', ...args, '-t', topology(name), '--json']);
  const document = ran.stdout === '' ? { moves: [] } : (JSON.parse(ran.stdout) as { moves: Moved[] });
  return { ...ran, moves: document.moves };
}

/** Both agents are well, one of them is MASTER, and it is known which. */
async function settled(name: string, vip: string): Promise<Machine> {
  await eventually(
    async () => ({
      owners: await holders(lab(), vip),
      status: (await lvsctl(lab(), ['status', topology(name)])).stdout,
    }),
    ({ owners, status }) => owners.length === 1 && /BACKUP/.test(status) && !/waits for|! /.test(status),
    60_000,
  );
  const [owner = 'lb1'] = await holders(lab(), vip);
  return owner;
}

/** Requests, held connections of which 25 are opened in each second, and downloads. */
function load(url: string) {
  const requests = startRequests(lab(), url, { timeoutMs: PATIENCE_MS, freshSource: true });
  const held = [
    startHeld(lab(), url, { connections: 25, downloads: 10, downloadPath: '/slow', freshSource: true }),
    startHeld(lab(), url, { connections: 200, spacingMs: 40, freshSource: true }),
  ];
  return {
    requests,
    begun: () => requests.until(({ succeeded }) => succeeded > 200, 30_000),
    /** Goes on for so long, then every connection must prove that it works. */
    async ended(afterMs: number) {
      const until = Date.now() + afterMs;
      await requests.until(({ endedMs }) => endedMs > until, afterMs + 30_000);
      const { causes, longestGap, latestBeginMs, succeeded } = await requests.stop();
      const reports = await Promise.all(held.map((one) => one.stop()));
      const cuts = reports.flatMap((report) => report.held.filter(({ cut }) => cut !== undefined));
      const count = reports.reduce((sum, report) => sum + report.held.length, 0);
      console.log(
        `${succeeded} requests, longest gap ${longestGap.ms.toFixed(0)} ms (own lateness ${latestBeginMs.toFixed(0)} ms), ` +
          `${count} held, ${cuts.length} cut, failures ${JSON.stringify(causes)}`,
      );
      return { causes, cuts, gapMs: longestGap.ms - latestBeginMs };
    },
  };
}

type Ended = Awaited<ReturnType<ReturnType<typeof load>['ended']>>;

function expectNothingLost({ causes, cuts, gapMs }: Ended): void {
  expect({ causes, cuts }).toEqual({ causes: {}, cuts: [] });
  expect(gapMs).toBeLessThan(LONGEST_GAP_MS);
}

const DR = { vip: '10.77.1.100', url: 'http://10.77.1.100/' };

async function thereAndBackInDr(): Promise<void> {
  const owner = await settled('dr', DR.vip);
  const other = owner === 'lb1' ? 'lb2' : 'lb1';
  const traffic = load(DR.url);
  await traffic.begun();
  const there = await failover('dr', '--to', other);
  expect(there.moves, there.stderr).toMatchObject([{ from: owner, to: other, outcome: 'done', left: 0 }]);
  expect(there.exitCode).toBe(0);
  expect([await holders(lab(), DR.vip), (await arpAnswers(lab(), DR.vip)).length]).toEqual([[other], 1]);
  expect((await failover('dr', '--to', other)).moves).toEqual([]);
  const back = await failover('dr', '--to', owner);
  expect(back.moves, back.stderr).toMatchObject([{ from: other, to: owner, outcome: 'done', left: 0 }]);
  console.log(`taken after ${there.moves[0]?.seconds} s and ${back.moves[0]?.seconds} s`);
  expectNothingLost(await traffic.ended(1_000));
  // what was lent to the kernel is given back, and a plan finds nothing to change
  await eventually(
    () => lvsctl(lab(), ['plan', topology('dr')]),
    ({ exitCode }) => exitCode === 0,
    20_000,
  );
}

async function poweredOffInDr(): Promise<void> {
  if ((await settled('dr', DR.vip)) !== 'lb1') await failover('dr', '--back');
  const traffic = load(DR.url);
  await traffic.begun();
  const away = await failover('dr', '--no-wait');
  expect(away.moves).toMatchObject([{ from: 'lb1', to: 'lb2', outcome: 'done' }]);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  await powerOff(lab(), 'lb1');
  expectNothingLost(await traffic.ended(5_000));
  // it knows none of these when it comes back
  const idle = startHeld(lab(), DR.url, { connections: 40, everyMs: 2_000, downloads: 2, freshSource: true });
  await powerOn(lab(), 'lb1');
  await settled('dr', DR.vip);
  const back = await failover('dr', '--back');
  expect(back.moves, back.stderr).toMatchObject([{ from: 'lb2', to: 'lb1', outcome: 'done', left: 0 }]);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { cutConnections, cutDownloads } = await idle.stop();
  expect({ cutConnections, cutDownloads }).toEqual({ cutConnections: 0, cutDownloads: 0 });
}

async function stoppedInDr(): Promise<void> {
  const owner = await settled('dr', DR.vip);
  const traffic = load(DR.url);
  await traffic.begun();
  await sh(lab(), owner, 'systemctl stop lvs-agent');
  await eventually(
    () => holders(lab(), DR.vip),
    ([now]) => now !== undefined && now !== owner,
    20_000,
  );
  const { stdout } = await attempt(lab(), owner, ['ip', '-o', 'address', 'show', 'dev', 'lo', 'to', DR.vip]);
  expect(String(stdout)).toMatch(/valid_lft [1-6]?\dsec/);
  expectNothingLost(await traffic.ended(5_000));
}

async function thereAndBackInTun(): Promise<void> {
  await settled('tun', '10.77.1.102');
  const traffic = load('http://10.77.1.102/');
  await traffic.begun();
  for (let round = 0; round < 2; round++) {
    const ran = await failover('tun');
    expect(ran.moves, ran.stderr).toMatchObject([{ outcome: 'done', left: 0 }]);
  }
  expectNothingLost(await traffic.ended(1_000));
}

async function askedInNat(): Promise<void> {
  await settled('nat', '10.77.1.101');
  const held = startHeld(lab(), 'http://10.77.1.101:8080/', { connections: 60, spacingMs: 100, freshSource: true });
  await held.until(({ held: open }) => open.length > 20, 20_000);
  const asked = await failover('nat', '--allow-loss', '0');
  expect(asked.moves[0]?.instances.length).toBe(2);
  if (asked.exitCode === 3) expect(asked.moves).toMatchObject([{ outcome: 'refused', lost: expect.any(Number) }]);
  else expect([asked.exitCode, asked.moves[0]?.lost]).toEqual([0, 0]);
  const told = await failover('nat', '--yes');
  expect(told.moves, told.stderr).toMatchObject([{ outcome: 'done' }]);
  const { cutConnections } = await held.stop();
  const said = (asked.moves[0]?.lost ?? 0) + (told.moves[0]?.lost ?? 0);
  console.log(`NAT: ${cutConnections} cut, ${said} told beforehand`);
  expect(cutConnections).toBeLessThanOrEqual(said);
}

interface Case {
  readonly topology: string;
  readonly claim: string;
  readonly run: () => Promise<void>;
  /** Goes the way that all the others share: silent addresses, relay, and connections that become the successor's own. */
  readonly isQuick?: true;
}

const CASES: readonly Case[] = [
  {
    topology: 'dr',
    claim: 'failover --to and back lose nothing, and one host answers for the VIP',
    run: thereAndBackInDr,
    isQuick: true,
  },
  {
    topology: 'dr',
    claim: 'the old MASTER may lose its power five seconds later; rebooted, it gets the role back without a loss',
    run: poweredOffInDr,
  },
  {
    topology: 'dr',
    claim: 'systemctl stop on the MASTER loses nothing, and leaves its silent addresses to the kernel',
    run: stoppedInDr,
  },
  { topology: 'tun', claim: 'failover there and back loses nothing', run: thereAndBackInTun },
  {
    topology: 'nat',
    claim: 'failover says what would be lost, does nothing without a yes, and loses no more than it said',
    run: askedInNat,
  },
];

// each takes a minute of load: a quick run has the one whose way the others share
const CHOSEN = CASES.filter(({ isQuick = false }) => isQuick || inject('soak'));

describe.each([...Map.groupBy(CHOSEN, (one) => one.topology)])('in %s', (name, cases) => {
  beforeAll(() => apply(lab(), name));
  it.each(cases.map((one) => [one.claim, one] as const))('%s', (_claim, { run }) => run());
  afterEach(async () => {
    await powerOn(lab(), 'lb1');
    for (const machine of ['lb1', 'lb2'] as const) await sh(lab(), machine, 'systemctl start lvs-agent');
  });
});
