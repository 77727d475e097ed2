/** Who holds the VIP, as the kernels tell it: `ip monitor` on both directors, heard on this machine's clock. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { argvFor } from '../../../vm-lab/exec.ts';
import type { Lab } from '../../../vm-lab/lab.ts';
import { nowMs } from '../../../vm-lab/load/now.ts';
import { parseAddressChange } from './address-change.ts';
import type { Director } from './plan.ts';

export interface Change {
  readonly director: Director;
  readonly holds: boolean;
  readonly atMs: number;
}

export interface HolderWatch {
  readonly changes: readonly Change[];
  /** Waits until the director has the VIP. @throws Error when it has not in time. */
  taken(director: Director, timeoutMs: number): Promise<Change>;
  stop(): void;
}

/** @param master who holds it now. */
export async function watchHolders(lab: Lab, vip: string, master: Director): Promise<HolderWatch> {
  const changes: Change[] = [];
  const watched = await Promise.all(
    (['lb1', 'lb2'] as const).map((director) =>
      listen(lab, director, vip, director === master, (holds) => changes.push({ director, holds, atMs: nowMs() })),
    ),
  );
  return {
    changes,
    async taken(director, timeoutMs) {
      for (const deadline = nowMs() + timeoutMs; ; await sleep(5)) {
        const change = changes.find((one) => one.director === director && one.holds);
        if (change !== undefined) return change;
        if (nowMs() > deadline) throw new Error(`${director} did not take the VIP within ${timeoutMs} ms`);
      }
    },
    stop: () => {
      for (const child of watched) child.kill('SIGKILL');
    },
  };
}

/** Resolves when the director listens. A machine that loses its power ends it silently. */
function listen(
  lab: Lab,
  director: Director,
  vip: string,
  holdsNow: boolean,
  told: (holds: boolean) => void,
): Promise<ChildProcess> {
  const command = ['sh', '-c', 'echo listening; exec ip -o -4 monitor address'];
  const [file = '', ...args] = argvFor(lab, director, command);
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let holds = holdsNow;
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => reject(new Error(`${director} cannot be listened to`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'listening') return resolve(child);
      const now = parseAddressChange(line, vip);
      if (now === undefined || now === holds) return;
      holds = now;
      told(now);
    });
  });
}
