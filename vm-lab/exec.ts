/**
 * Commands inside the lab, as root: on a machine over SSH (one connection kept a minute, so that a test may run hundreds),
 * on the client directly.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, type Options, type Result, type ResultPromise } from 'execa';
import type { Lab } from './lab.ts';
import type { Host, Machine } from './layout.ts';
import { insideClient } from './namespace.ts';
import type { Place } from './place.ts';

/** What to start on this machine so that `command` runs on the host. */
export function argvFor(lab: Lab, host: Host, command: readonly string[], options: readonly string[] = []): string[] {
  if (host === 'client') return [...insideClient(lab.namespace), ...command];
  const kept = ['ControlMaster=auto', 'ControlPersist=60', `ControlPath=${controlPath(lab.place, host)}`];
  const alive = ['ServerAliveInterval=2', 'ServerAliveCountMax=3', 'ConnectTimeout=10', 'LogLevel=ERROR'];
  const settings = [...kept, ...alive].flatMap((setting) => ['-o', setting]);
  const line = command.map(quote).join(' ');
  return ['ssh', '-F', lab.place.sshConfig, ...settings, ...options, '-l', 'root', host, '--', line];
}

/** Starts a command; its result is that of execa, and a non-zero exit code rejects unless `reject` is false. */
export function start<Chosen extends Options>(
  lab: Lab,
  host: Host,
  command: readonly string[],
  options?: Chosen,
): ResultPromise<Chosen> {
  const [file = '', ...args] = argvFor(lab, host, command);
  return execa(file, args, options);
}

/** Runs a command and gives its standard output. @throws execa's error, which names the command and its stderr. */
export async function run(lab: Lab, host: Host, command: readonly string[], input = ''): Promise<string> {
  const { stdout } = await start(lab, host, command, { input });
  return stdout;
}

/** Runs an sh script and gives its standard output. */
export async function script(lab: Lab, host: Host, text: string): Promise<string> {
  return run(lab, host, ['sh', '-euc', text]);
}

/** Runs a command whose failure is an answer too. */
export async function attempt(
  lab: Lab,
  host: Host,
  command: readonly string[],
): Promise<Result<{ readonly reject: false }>> {
  return start(lab, host, command, { reject: false, stdin: 'ignore' } as const);
}

/** Forgets the kept connection of a machine that lost its power: nobody would answer on it. */
export async function dropConnection(place: Place, machine: Machine): Promise<void> {
  const path = controlPath(place, machine);
  await execa('ssh', ['-F', place.sshConfig, '-o', `ControlPath=${path}`, '-O', 'exit', machine], { reject: false });
  await rm(path, { force: true });
}

function controlPath(place: Place, machine: Machine): string {
  return join(place.folder, `ssh-${machine}`);
}

/** One word for the far shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
