/** What the tests of whole clusters share: lvsctl as a user runs it, and questions to the lab's machines. */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { attempt, run } from '../../vm-lab/exec.ts';
import { reboot } from '../../vm-lab/faults.ts';
import type { Lab } from '../../vm-lab/lab.ts';
import { type Host, MACHINES, type Machine } from '../../vm-lab/layout.ts';
import { startRequests } from '../../vm-lab/traffic.ts';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A path below inventory/topologies. */
export function topology(name: string): string {
  return resolve(ROOT, 'inventory/topologies', `${name}.yaml`);
}

/** Runs the built lvsctl against the lab, from a folder that is not the project's. */
export async function lvsctl(lab: Lab, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const { exitCode, stdout, stderr } = await execa(resolve(ROOT, 'bin/lvsctl'), [...args, '-i', lab.place.inventory], {
    cwd: '/',
    reject: false,
    stdin: 'ignore',
    env,
    timeout: 240_000,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr };
}

/** Applies and requires success; what lvsctl said is in the error. */
export async function apply(lab: Lab, name: string): Promise<Ran> {
  const ran = await lvsctl(lab, ['apply', topology(name), '--yes']);
  if (ran.exitCode !== 0) throw new Error(`apply ${name} ended with ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}

/** Counts per realserver of so many requests through `url`; failures by cause under their own names. */
export async function ask(lab: Lab, url: string, count: number, timeoutMs = 2000): Promise<Record<string, number>> {
  const { servers, causes } = await startRequests(lab, url, { count, timeoutMs, intervalMs: 20 }).report;
  const answered = Object.entries(servers).map(([server, tally]) => [server, tally.count] as const);
  return { ...Object.fromEntries(answered), ...causes };
}

/** Which of these machines have the address, on any interface but lo and those of tunnels. */
export async function holders(lab: Lab, vip: string, among: readonly Machine[] = ['lb1', 'lb2']): Promise<Machine[]> {
  const found = await Promise.all(
    among.map(async (machine) => {
      const { stdout } = await attempt(lab, machine, ['ip', '-o', 'address', 'show', 'to', vip]);
      return String(stdout)
        .split('\n')
        .some((line) => line !== '' && !/ (lo|tunl0|lvs-gre) /.test(line))
        ? [machine]
        : [];
    }),
  );
  return found.flat();
}

/** Hardware addresses that answer ARP for an address, asked from the client's place on the front network. */
export async function arpAnswers(lab: Lab, vip: string): Promise<string[]> {
  const { stdout } = await attempt(lab, 'client', ['arping', '-c', '3', '-w', '3', '-I', 'eth1', vip]);
  return [
    ...new Set([...String(stdout).matchAll(/((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/gi)].map(([mac]) => mac.toLowerCase())),
  ];
}

/** Every machine at once. */
export async function rebootAll(lab: Lab): Promise<void> {
  await Promise.all(MACHINES.map((machine) => reboot(lab, machine)));
}

export async function sh(lab: Lab, host: Host, text: string): Promise<string> {
  return run(lab, host, ['sh', '-c', text]);
}

/** The VRRP process that works, of the two that the unit keeps: the one that listens on the link. Empty: none does. */
export async function vrrpPid(lab: Lab, machine: Machine): Promise<string> {
  const listening = await sh(lab, machine, "ss -xlpH | grep '/run/lvs-agent/vrrp.sock' || :");
  return /pid=(\d+)/.exec(listening)?.[1] ?? '';
}
