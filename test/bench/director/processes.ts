/** The director's programs as the benchmarks start them, and what the kernel says that a process has used. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const DIST = resolve(import.meta.dirname, '../../../dist');
/** sysconf(_SC_CLK_TCK) on every Linux that we run on: /proc counts in it. */
const TICK_MS = 10;

/** The paths of both processes in a folder of their own. */
export interface Files {
  readonly config: string;
  readonly vrrpSocket: string;
}

export function filesIn(folder: string): Files {
  return { config: join(folder, 'config.json'), vrrpSocket: join(folder, 'vrrp.sock') };
}

/** The supervisor. @param folder - holds its config.json */
export function startSupervisor(folder: string): ChildProcess {
  const { config, vrrpSocket } = filesIn(folder);
  const paths = ['--config', config, '--socket', join(folder, 'control.sock'), '--vrrp-socket', vrrpSocket];
  return start([process.execPath, join(DIST, 'agent.mjs'), ...paths, '--handover', join(folder, 'handover')]);
}

/** With the memory limits and the scheduling of its unit. @param before - words before its own: `taskset -c 0` */
export function startVrrp(folder: string, before: readonly string[] = []): ChildProcess {
  const { config, vrrpSocket } = filesIn(folder);
  const limits = ['--max-semi-space-size=1', '--max-old-space-size=64'];
  const paths = ['--config', config, '--socket', vrrpSocket, '--handover', join(folder, 'handover')];
  const kept = ['--protections', join(folder, 'hmac.json'), '--clocks', join(folder, 'clocks.json')];
  const program = [process.execPath, ...limits, join(DIST, 'vrrp.mjs'), ...paths, ...kept];
  return start([...before, 'chrt', '--rr', '50', ...program]);
}

/** What it prints goes to the console, which is shown when there are no figures. */
export function start(command: readonly string[]): ChildProcess {
  const [file = '', ...args] = command;
  return spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Asks it to end, and waits until it has; one that does not within 10 s is killed. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

export interface Usage {
  /** Processor time, of the kernel in its name too. */
  readonly cpuMs: number;
  readonly memoryMb: number;
}

/** Of a process and of all that it has started. */
export function usageOf(pid: number): Usage {
  const all = familyOf(pid).map(usageOfOne);
  return {
    cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    memoryMb: all.reduce((sum, { memoryMb }) => sum + memoryMb, 0),
  };
}

function familyOf(pid: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(pids.map((name) => [Number(name), parentOf(name)]));
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

function parentOf(pid: string): number {
  return Number(statOf(Number(pid))[1] ?? 0);
}

/** proc_pid_stat(5) from the third field on: names may have blanks. Empty when it is gone. */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function usageOfOne(pid: number): Usage {
  const stat = statOf(pid);
  let resident = 0;
  try {
    resident = Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    resident = 0;
  }
  return { cpuMs: (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) * TICK_MS, memoryMb: resident / 1024 };
}

/** @throws Error after `withinMs` */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}
