/** Who has a VIP, seen from where it counts: the kernels of both directors, and a client that asks by ARP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { argvFor } from '../../vm-lab/exec.ts';
import type { Lab } from '../../vm-lab/lab.ts';
import type { Host, Machine } from '../../vm-lab/layout.ts';
import { eventually } from './lab-for-tests.ts';

/** A run is shorter; what looks on ends by itself then, whatever becomes of the test. */
const LONGEST_SECONDS = '600';

export interface Onlookers {
  /** How often the director's kernel was given the VIP (anew, or for longer) and how often it lost it. */
  seen(director: Machine): { readonly given: number; readonly lost: number };
  /** Every hardware address that has answered ARP for it. */
  readonly answering: readonly string[];
  end(): void;
}

/** Resolves when all of them look on: the one of `directors` that has the VIP has renewed it, and ARP was answered. */
export async function lookOn(
  lab: Lab,
  vip: string,
  directors: readonly Machine[] = ['lb1', 'lb2'],
): Promise<Onlookers> {
  const running: ChildProcess[] = [];
  const linesOf = (host: Host, command: readonly string[]): (() => string[]) => {
    const [file = '', ...args] = argvFor(lab, host, ['timeout', LONGEST_SECONDS, ...command]);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    running.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    return () => text.split('\n').slice(0, -1);
  };
  const kernels = new Map(
    directors.map((one) => [one, linesOf(one, ['ip', '-o', 'monitor', 'address', 'dev', 'eth1'])]),
  );
  const asked = linesOf('client', ['stdbuf', '-oL', 'arping', '-W', '0.2', '-I', 'eth1', vip]);
  const seen = (director: Machine) => {
    const lines =
      kernels
        .get(director)?.()
        .filter((line) => line.includes(` ${vip}/`)) ?? [];
    const lost = lines.filter((line) => line.startsWith('Deleted')).length;
    return { given: lines.length - lost, lost };
  };
  const answering = () => [
    ...new Set(
      asked().flatMap((line) => / from ((?:[0-9a-f]{2}:){5}[0-9a-f]{2}) /i.exec(line)?.[1]?.toLowerCase() ?? []),
    ),
  ];
  const end = (): void => {
    for (const child of running) child.kill();
  };
  try {
    await eventually(
      async () => [directors.map(seen), answering()] as const,
      ([kernel, arp]) => kernel.some(({ given }) => given > 0) && arp.length > 0,
      20_000,
    );
  } catch (error) {
    end();
    throw error;
  }
  return {
    seen,
    get answering() {
      return answering();
    },
    end,
  };
}
