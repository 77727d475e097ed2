/** lvsctl while it runs: what it has said so far, and the processes that its SSH connections go through. */
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execa } from 'execa';
import type { Lab } from '../../vm-lab/lab.ts';
import { addressOf, type Machine } from '../../vm-lab/layout.ts';
import type { Ran } from './cluster.ts';
import { eventually } from './lab-for-tests.ts';

const LVSCTL = resolve(import.meta.dirname, '../../bin/lvsctl');

export interface Running {
  readonly pid: number;
  /** Waits until stderr has it. @throws Error when lvsctl ends without having said it. */
  says(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Ran>;
  /** Ends the program that carries the connection to a machine, as a router that forgets it would. */
  cut(machine: Machine): Promise<void>;
  kill(): void;
}

/** @param inventory instead of the lab's own. */
export function startLvsctl(
  lab: Lab,
  args: readonly string[],
  inventory = lab.place.inventory,
  env: Record<string, string> = {},
): Running {
  const child = execa(LVSCTL, [...args, '-i', inventory], {
    ...{ cwd: '/', reject: false, stdin: 'ignore', timeout: 240_000, env },
  });
  let said = '';
  let isOver = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  const ended = child.then(({ exitCode, stdout, stderr }): Ran => {
    isOver = true;
    return { exitCode: exitCode ?? -1, stdout: String(stdout), stderr: String(stderr) };
  });
  return {
    pid: child.pid ?? 0,
    async says(pattern) {
      await eventually(
        async () => said,
        (text) => pattern.test(text) || isOver,
        60_000,
      );
      if (!pattern.test(said)) throw new Error(`lvsctl ended without ${pattern}:\n${said}`);
    },
    ended,
    async cut(machine) {
      const pids = await proxies(child.pid ?? 0, addressOf(machine, 'mgmt'));
      if (pids.length === 0) throw new Error(`no connection to ${machine}`);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

/** Descendants of a process whose command line has the address. */
async function proxies(ancestor: number, address: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(pids.map(async (pid) => [pid, await parentOf(pid)] as const)));
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid) ?? 0;
    return parent === ancestor || (parent > 1 && descends(parent));
  };
  const mine = pids.filter(descends);
  const lines = await Promise.all(mine.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return mine.filter((_pid, index) => lines[index]?.includes(address));
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}
