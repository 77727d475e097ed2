/**
 * What clients lose when a MASTER goes: our agent and Debian's keepalived, in turn in one run, on the same kernels, with the
 * same timers, checks and load, in a lab of its own. What counts is the ratio.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { goalText } from '../goal.ts';
import { type Figures, measureMode } from './measure.ts';
import { parseOptions, USAGE } from './options.ts';
import { type BenchPlan, FAULT_TEXTS } from './plan.ts';
import { busyGoal, goalsOf, rowsOf } from './summary.ts';
import { busyText, tableText } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export async function benchFailover(args: readonly string[]): Promise<void> {
  const plan = optionsOrExit(args);
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: ['ignore', process.stderr, process.stderr] });
  const figures: Figures = { rounds: [], busy: [], isOver: endOf(plan), note: (text) => console.error(text) };
  const folder = await mkdtemp(join(tmpdir(), 'lvsctl-bench-'));
  try {
    for (const mode of plan.modes) if (!figures.isOver()) await measureMode(plan, mode, folder, figures);
  } catch (error) {
    // what was measured until then is still worth its place
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
  await rm(folder, { recursive: true, force: true });
  print(plan, figures);
}

function optionsOrExit(args: readonly string[]): BenchPlan {
  try {
    return parseOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return process.exit(5);
  }
}

/** ^C lets the round that runs come to its end, so that figures are printed and the lab is taken down. */
function endOf({ withinMs }: BenchPlan): () => boolean {
  const untilMs = performance.now() + withinMs;
  let isAsked = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      isAsked = true;
      console.error('ending after this round');
    });
  return () => isAsked || performance.now() > untilMs;
}

function print(plan: BenchPlan, { rounds, busy }: Figures): void {
  const rows = rowsOf(rounds);
  const goals = [...goalsOf(rows), ...busyGoal(busy)];
  if (plan.json) {
    const machine = { processors: cpus().length, model: cpus()[0]?.model ?? '' };
    console.log(JSON.stringify({ at: new Date().toISOString(), machine, plan, rows, busy, goals, rounds }));
    return;
  }
  const faults = new Set(rows.map(({ fault }) => fault));
  console.log(`\n${[...faults].map((fault) => `${fault}: ${FAULT_TEXTS[fault]}`).join('\n')}\n`);
  console.log(tableText(rows));
  for (const one of busy) console.log(busyText(one));
  console.log(`\n${goals.map(goalText).join('\n')}`);
}
