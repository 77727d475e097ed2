/**
 * Re-apply with nothing to change on five hosts: lvsctl, Ansible doing the same work (play.yaml beside this file), and
 * five bare `ssh host true` at once, in turn in one run, in a lab of its own. What counts is the ratios.
 */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { run, script } from '../../../vm-lab/exec.ts';
import { ensureHostPackages } from '../../../vm-lab/host-packages.ts';
import { type Lab, openLab } from '../../../vm-lab/lab.ts';
import { MACHINES } from '../../../vm-lab/layout.ts';
import { placeOf } from '../../../vm-lab/place.ts';
import { down, up } from '../../../vm-lab/up.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const ROUNDS = 5;
const GOALS = { ssh: 1.3, ansible: 15 };

/** dr.yaml with web3 too: all five machines take part, as they do in the play. */
const TOPOLOGY = resolve(import.meta.dirname, 'five-hosts.yaml');

/** Runs a program, requires exit code 0, and gives its wall time in ms. */
async function timed(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const started = performance.now();
  await execa(file, args, { env, stdin: 'ignore' });
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function bareSsh(lab: Lab): Promise<number> {
  const started = performance.now();
  return Promise.all(MACHINES.map((host) => execa('ssh', ['-F', lab.place.sshConfig, host, 'true']))).then(
    () => performance.now() - started,
  );
}

function ansible(lab: Lab): Promise<number> {
  const env = { ANSIBLE_PIPELINING: 'True', ANSIBLE_LOCALHOST_WARNING: 'False', LC_ALL: 'C.UTF-8' };
  return timed('ansible-playbook', ['-i', lab.place.inventory, resolve(import.meta.dirname, 'play.yaml')], env);
}

function lvsctl(lab: Lab, command: 'plan' | 'apply'): Promise<number> {
  const yes = command === 'apply' ? ['--yes'] : [];
  return timed(resolve(ROOT, 'bin/lvsctl'), [command, TOPOLOGY, '-i', lab.place.inventory, ...yes]);
}

/** What the play made is taken away again, for two owners of IPVS on one director are refused. */
async function removePeer(lab: Lab): Promise<void> {
  for (const director of ['lb1', 'lb2'] as const)
    await script(lab, director, 'systemctl stop keepalived; ipvsadm -C; rm -f /etc/sysctl.d/60-bench.conf');
  for (const realserver of ['web1', 'web2', 'web3'] as const)
    await script(lab, realserver, 'systemctl disable --now bench-vip; ip address del 10.77.1.199/32 dev lo');
}

async function measure(lab: Lab): Promise<void> {
  const ms: Record<string, number> = {};
  console.log(`Ansible, first apply: ${((await ansible(lab)) / 1000).toFixed(1)} s`);
  const play: number[] = [];
  for (let round = 0; round < 2; round++) play.push(await ansible(lab));
  ms['ansible'] = Math.min(...play);
  await removePeer(lab);
  console.log(`lvsctl, first apply: ${((await lvsctl(lab, 'apply')) / 1000).toFixed(1)} s`);
  const rounds: Record<'ssh' | 'plan' | 'apply', number[]> = { ssh: [], plan: [], apply: [] };
  for (let round = 0; round < ROUNDS; round++) {
    rounds.ssh.push(await bareSsh(lab));
    rounds.plan.push(await lvsctl(lab, 'plan'));
    rounds.apply.push(await lvsctl(lab, 'apply'));
  }
  for (const [name, values] of Object.entries(rounds)) ms[name] = median(values);
  print(ms as Record<'ansible' | 'ssh' | 'plan' | 'apply', number>);
}

function print(ms: Record<'ansible' | 'ssh' | 'plan' | 'apply', number>): void {
  const line = (what: string, value: number, note = '') =>
    console.log(`${what.padEnd(46)} ${value.toFixed(0).padStart(7)} ms  ${note}`.trimEnd());
  console.log(`\nnothing to change, 5 hosts (medians of ${ROUNDS}; Ansible: the better of 2)`);
  line('five parallel bare `ssh host true`', ms.ssh);
  line('lvsctl plan', ms.plan, `${(ms.plan / ms.ssh).toFixed(2)} × bare ssh (goal ≤ ${GOALS.ssh})`);
  line('lvsctl apply', ms.apply, `${(ms.apply / ms.ssh).toFixed(2)} × bare ssh (goal ≤ ${GOALS.ssh})`);
  line(
    'ansible-playbook, pipelining on',
    ms.ansible,
    `lvsctl apply is ${(ms.ansible / ms.apply).toFixed(1)} × faster (goal ≥ ${GOALS.ansible})`,
  );
}

export async function benchApply(): Promise<void> {
  const place = placeOf('bench');
  const say = (subject: string, what: string) => console.error(`${subject}: ${what}`);
  await ensureHostPackages({ doing: say, done: say }, { 'ansible-playbook': 'ansible' });
  await execa('node', ['bin/build.ts'], { cwd: ROOT, stdio: 'inherit' });
  await down(place);
  await up(place, { profile: 'default' });
  try {
    const lab = await openLab('bench');
    await run(lab, 'client', ['true']);
    await measure(lab);
  } finally {
    await down(place);
  }
}
