/**
 * IPVS programmed and compared: our code and Debian's ipvsadm, in turn on one kernel that runs nothing else. What counts is
 * the ratio.
 */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { ensureHostPackages } from '../../../vm-lab/host-packages.ts';
import { UNTOLD } from '../../../vm-lab/steps.ts';
import { runInUml } from '../../lab/uml/boot.ts';
import { goalText } from '../goal.ts';
import { optionsOrExit } from '../options.ts';
import type { IpvsFigures } from './figures.ts';
import { goalsOf, summaryOf } from './summary.ts';
import { tablesText } from './table.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const DEFAULTS = { rounds: 5, services: 1000, realservers: 10, big: 5000, seconds: 15, minutes: 10 };

const USAGE = `npm run bench -- ipvs [--rounds N] [--services N] [--realservers N] [--big N] [--seconds N] [--minutes N] [--json]
  Programs N services of N realservers by our code and by ipvsadm -R in turn, in one virtual machine, and compares
  what has not changed (${DEFAULTS.rounds} rounds of ${DEFAULTS.services} × ${DEFAULTS.realservers}); then one service of ${DEFAULTS.big} realservers (--big 0: not); then both
  processes of a director on the table, with the lateness of the VRRP loop, for ${DEFAULTS.seconds} s each (--seconds 0: not).
  About three minutes on a quiet machine; ends after ${DEFAULTS.minutes} (--minutes).`;

export async function benchIpvs(args: readonly string[]): Promise<void> {
  const { numbers, json } = optionsOrExit(args, DEFAULTS, USAGE);
  const { rounds, services, realservers, big, seconds, minutes } = numbers;
  await ensureHostPackages(UNTOLD);
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: ['ignore', process.stderr, process.stderr] });
  const words = [rounds, services, realservers, big, seconds].map(String);
  const program = resolve(import.meta.dirname, 'ipvs-program.ts');
  const figures = (await runInUml(program, minutes * 60_000, words)) as IpvsFigures;
  const goals = goalsOf(figures);
  if (json)
    console.log(
      JSON.stringify({ at: new Date().toISOString(), numbers, ...summaryOf(figures.rounds), goals, figures }),
    );
  else console.log(`${tablesText(figures)}\n\n${goals.map(goalText).join('\n')}`);
}
