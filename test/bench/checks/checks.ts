/**
 * What checks cost: our agent and Debian's keepalived with the same checks, in turn on one kernel that runs nothing else; and
 * how many our prober does on one core, with the VRRP process on the same core.
 */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { ensureHostPackages } from '../../../vm-lab/host-packages.ts';
import { UNTOLD } from '../../../vm-lab/steps.ts';
import { runInUml } from '../../lab/uml/boot.ts';
import { goalText } from '../goal.ts';
import { optionsOrExit } from '../options.ts';
import type { CheckRound, RateRound } from './figures.ts';
import { goalsOf, rowsOf } from './summary.ts';
import { tableText } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DEFAULTS = { rounds: 3, checks: 500, rate: 10_000, seconds: 15, minutes: 12 };

const USAGE = `npm run bench -- checks [--rounds N] [--checks N] [--rate N] [--seconds N] [--minutes N] [--json]
  lvs-agent and keepalived in turn in one virtual machine, each with N TCP, then N HTTP checks a second (${DEFAULTS.checks}) for
  ${DEFAULTS.seconds} s, ${DEFAULTS.rounds} times (--rounds 0: not); then N TCP checks a second (${DEFAULTS.rate}; --rate 0: not) on one core of this machine, in a
  network namespace (root), with the VRRP process on the same core. About six minutes; ends after ${DEFAULTS.minutes} (--minutes).`;

export async function benchChecks(args: readonly string[]): Promise<void> {
  const { numbers, json } = optionsOrExit(args, DEFAULTS, USAGE);
  await ensureHostPackages(UNTOLD);
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: ['ignore', process.stderr, process.stderr] });
  const timeoutMs = numbers.minutes * 60_000;
  const rounds = await comparison(numbers, timeoutMs);
  const rate = numbers.rate === 0 ? null : await onOneCore(numbers, timeoutMs);
  const rows = rowsOf(rounds);
  const goals = goalsOf(rate);
  if (json) console.log(JSON.stringify({ at: new Date().toISOString(), numbers, rows, goals, rounds, rate }));
  else console.log([...(rows.length === 0 ? [] : [tableText(rows), '']), ...goals.map(goalText)].join('\n'));
}

type Numbers = Readonly<Record<keyof typeof DEFAULTS, number>>;

async function comparison({ rounds, checks, seconds }: Numbers, timeoutMs: number): Promise<CheckRound[]> {
  if (rounds === 0) return [];
  const program = resolve(import.meta.dirname, 'checks-program.ts');
  return (await runInUml(program, timeoutMs, [rounds, checks, seconds].map(String))) as CheckRound[];
}

async function onOneCore({ rate, seconds }: Numbers, timeout: number): Promise<RateRound> {
  const program = [process.execPath, resolve(import.meta.dirname, 'rate-program.ts'), String(rate), String(seconds)];
  const namespace = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const { all } = await execa('unshare', [...namespace, ...program], { all: true, reject: false, timeout });
  const line = /^RESULT (.*)$/m.exec(all)?.[1];
  if (line === undefined) throw new Error(`the checks on one core gave no figures:\n${all}`);
  return JSON.parse(line);
}
