/**
 * What clients lose when a MASTER goes: our agent and Debian's keepalived, in turn in one run, on the same kernels, with the
 * same timers, checks and load, in a lab of its own. What counts is the ratio.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { script } from '../../../vm-lab/exec.ts';
import { type Lab, openLab } from '../../../vm-lab/lab.ts';
import { placeOf } from '../../../vm-lab/place.ts';
import { down, up } from '../../../vm-lab/up.ts';
import { type Busy, busy } from './busy.ts';
import { REALSERVERS, topologyText } from './cluster.ts';
import { keepalived } from './keepalived.ts';
import { lvsctl } from './lvsctl.ts';
import { parseOptions, USAGE } from './options.ts';
import type { Peer, Stage } from './peer.ts';
import { type BenchPlan, FAULT_TEXTS, type FaultName, type Mode, type Setting } from './plan.ts';
import { type Round, round } from './round.ts';
import { goalsOf, rowsOf } from './summary.ts';
import { goalText, tableText } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const PEERS: readonly Peer[] = [lvsctl, keepalived];
const BUSY_ADVERT_MS = 100;

interface Figures {
  readonly rounds: Round[];
  readonly busy: Busy[];
  /** The time that was given is up, or somebody wants an end: nothing further begins. */
  readonly isOver: () => boolean;
}

const note = (text: string) => console.error(text);

export async function benchFailover(args: readonly string[]): Promise<void> {
  const plan = optionsOrExit(args);
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: ['ignore', process.stderr, process.stderr] });
  const figures: Figures = { rounds: [], busy: [], isOver: endOf(plan) };
  const folder = await mkdtemp(join(tmpdir(), 'lvsctl-bench-'));
  try {
    for (const mode of plan.modes) await measureMode(plan, mode, folder, figures);
  } finally {
    await rm(folder, { recursive: true, force: true });
    print(plan, figures);
  }
}

function endOf({ withinMs }: BenchPlan): () => boolean {
  const untilMs = performance.now() + withinMs;
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isAsked = true;
      note('ending after this round');
    });
  return () => isAsked || performance.now() > untilMs;
}

function optionsOrExit(args: readonly string[]): BenchPlan {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return process.exit(5);
  }
}

/** Fresh machines for each mode; the timers change by an apply. */
async function measureMode(plan: BenchPlan, mode: Mode, folder: string, figures: Figures): Promise<void> {
  const place = placeOf('bench-failover');
  await down(place);
  await up(place, { profile: 'default' });
  try {
    const lab = await openLab(place.name);
    const sources = await prepare(lab);
    for (const advertMs of plan.advertsMs) {
      const setting = { mode, advertMs };
      const topology = join(folder, `${mode}-${advertMs}.yaml`);
      await writeFile(topology, topologyText(setting));
      await measureSetting(plan, { lab, setting, topology }, sources, figures);
    }
  } finally {
    await down(place);
  }
}

const SOURCES = Array.from({ length: 40 }, (_, index) => `10.77.1.${150 + index}`);

/** Source addresses for the load, and downloads that last without filling this machine's processors. */
async function prepare(lab: Lab): Promise<Generator<string, never>> {
  await script(lab, 'client', SOURCES.map((address) => `ip address add ${address}/32 dev eth1`).join('\n'));
  for (const realserver of REALSERVERS)
    await script(
      lab,
      realserver,
      "sed -i 's/limit_rate 2m/limit_rate 256k/' /etc/nginx/conf.d/lab.conf; systemctl reload nginx",
    );
  return inTurn(SOURCES);
}

function* inTurn(all: readonly string[]): Generator<string, never> {
  for (let index = 0; ; index += 1) yield all[index % all.length] ?? '';
}

/** Both peers with one setting. Ours comes first: its apply gives the realservers and the sysctls to both. */
async function measureSetting(
  plan: BenchPlan,
  stage: Stage,
  sources: Generator<string, never>,
  figures: Figures,
): Promise<void> {
  for (const peer of PEERS) {
    if (figures.isOver()) return;
    const isWanted = plan.peers.includes(peer.name);
    if (!isWanted && peer !== lvsctl) continue;
    note(`${titleOf(stage.setting)}: ${peer.name}`);
    await peer.install(stage);
    if (isWanted) await measurePeer(plan, stage, peer, sources, figures);
    await peer.remove(stage);
  }
}

async function measurePeer(
  plan: BenchPlan,
  stage: Stage,
  peer: Peer,
  sources: Generator<string, never>,
  figures: Figures,
): Promise<void> {
  const canHandOver = await peer.canHandOver();
  if (!canHandOver) note(`  ${peer.name} has no planned hand-over: left out`);
  const faults = plan.faults.filter((fault) => canHandOver || !fault.startsWith('hand-over'));
  for (const rate of plan.rates) {
    for (const fault of faults) {
      for (let run = 0; run < plan.runs && !figures.isOver(); run += 1)
        figures.rounds.push(told(await round({ stage, peer, rate, fault, from: sources.next().value })));
    }
  }
  if (
    plan.busySeconds > 0 &&
    !figures.isOver() &&
    stage.setting.mode === 'dr' &&
    stage.setting.advertMs === BUSY_ADVERT_MS
  ) {
    note(`  three busy loops for ${plan.busySeconds} s`);
    figures.busy.push(await busy(stage, peer, plan.busySeconds, sources.next().value));
  }
}

function titleOf({ mode, advertMs }: Setting): string {
  return `${mode}, ${advertMs} ms`;
}

function told(one: Round): Round {
  const { measured, error, rate, fault } = one;
  const figures =
    measured === undefined
      ? `not measured: ${error}`
      : `gap ${measured.gapMs.toFixed(0)} ms, ${measured.failed} failed ${JSON.stringify(measured.causes)}, ` +
        `${measured.connectionsLost} of ${measured.connections} and ${measured.downloadsLost} of ${measured.downloads} lost`;
  note(`  ${fault} at ${rate}/s: ${figures}`);
  return one;
}

function print(plan: BenchPlan, { rounds, busy: runs }: Figures): void {
  const rows = rowsOf(rounds);
  const goals = [...goalsOf(rows), ...runs.filter(({ peer }) => peer === 'lvsctl').map(busyGoal)];
  if (plan.json) {
    const machine = { processors: cpus().length, model: cpus()[0]?.model ?? '' };
    console.log(JSON.stringify({ at: new Date().toISOString(), machine, plan, rows, busy: runs, goals, rounds }));
    return;
  }
  const faults = new Set<FaultName>(rows.map(({ fault }) => fault));
  console.log(`\n${[...faults].map((fault) => `${fault}: ${FAULT_TEXTS[fault]}`).join('\n')}\n`);
  console.log(tableText(rows));
  for (const { peer, seconds, transitions, failed, sent } of runs)
    console.log(
      `three busy loops on the MASTER, ${BUSY_ADVERT_MS} ms, ${seconds} s, ${peer}: ${transitions} transitions, ${failed} of ${sent} requests failed`,
    );
  console.log(`\n${goals.map(goalText).join('\n')}`);
}

function busyGoal({ transitions, seconds }: Busy): { text: string; met: boolean } {
  return { text: `three busy loops for ${seconds} s: ${transitions} false failovers, none`, met: transitions === 0 };
}
