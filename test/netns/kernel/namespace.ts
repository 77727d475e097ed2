/** Programs in network namespaces of their own, which end with them. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

/**
 * Runs a program of this folder in a new network namespace, with a new user namespace unless root.
 * @returns what it printed after `RESULT `. @throws Error with its output when there is none.
 */
export async function runInNamespace(program: string, timeoutMs = 30_000): Promise<Record<string, unknown>> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const args = [
    ...user,
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    process.execPath,
    `${import.meta.dirname}/${program}`,
  ];
  const { all } = await execa('unshare', args, { all: true, reject: false, timeout: timeoutMs });
  const line = /^RESULT (.*)$/m.exec(all)?.[1];
  if (line === undefined) throw new Error(`${program} gave no RESULT:\n${all}`);
  return JSON.parse(line);
}

/** `ip` with its words in one string. */
export function ip(words: string): void {
  execFileSync('ip', words.split(' '));
}

/** Asks again until it is true. @throws Error after `withinMs`. */
export async function until(what: string, isTrue: () => boolean, withinMs = 10_000): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

export function report(result: unknown): void {
  console.log(`RESULT ${JSON.stringify(result)}`);
}

/** This process's sockets, as the kernel names them; what the runtime opens for itself (pipes, event descriptors) is not meant. */
export function openSockets(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const name = readlinkSync(`/proc/self/fd/${fd}`, 'utf8');
      return name.startsWith('socket:') ? [name] : [];
    } catch {
      return []; // closed meanwhile, as the one that read the list
    }
  });
}
