/** lvsctl from its sources, as a whole program that finds neither colours nor a topology in its surroundings. */
import { resolve } from 'node:path';
import { execa } from 'execa';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
}

/** @param folder - where it is run */
export function lvsctlIn(folder: string): (...args: string[]) => Promise<Ended> {
  return async (...args) => {
    const { stdout, stderr, exitCode } = await execa(process.execPath, [resolve(ROOT, 'src/cli.ts'), ...args], {
      cwd: folder,
      reject: false,
      stdin: 'ignore',
      env: { NO_COLOR: '1', LVSCTL_TOPOLOGY: undefined },
    });
    return { stdout, stderr, exitCode };
  };
}
