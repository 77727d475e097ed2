/**
 * Commands inside the lab, as root: on a machine over SSH (one connection kept a minute, so that a test may run hundreds),
 * on the client directly.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { SEARCH_PATH } from './host-packages.ts';
import type { Lab } from './lab.ts';
import type { Host, Machine } from './layout.ts';
import { insideClient } from './namespace.ts';
import type { Place } from './place.ts';

/** What to start on this machine so that `command` runs on the host; `options` are further ones for ssh. */
export function argvFor(lab: Lab, host: Host, command: readonly string[], options: readonly string[] = []): string[] {
  if (host === 'client') return [...insideClient(lab.namespace), 'env', `PATH=${SEARCH_PATH}`, ...command];
  const kept = ['ControlMaster=auto', 'ControlPersist=60', `ControlPath=${controlPath(lab.place, host)}`];
  const alive = ['ServerAliveInterval=2', 'ServerAliveCountMax=3', 'ConnectTimeout=10', 'LogLevel=ERROR'];
  const settings = [...kept, ...alive].flatMap((setting) => ['-o', setting]);
  const line = command.map(quote).join(' ');
  return ['ssh', '-F', lab.place.sshConfig, ...settings, ...options, '-l', 'root', host, '--', line];
}

/** Runs a command and gives its standard output. @throws execa's error, which names the command and its stderr. */
export async function run(lab: Lab, host: Host, command: readonly string[], input = ''): Promise<string> {
  const [file = '', ...args] = argvFor(lab, host, command);
  return (await execa(file, args, { input })).stdout;
}

/** Runs an sh script and gives its standard output. */
export async function script(lab: Lab, host: Host, text: string): Promise<string> {
  return run(lab, host, ['sh', '-euc', text]);
}

export interface Attempt {
  /** 255 also when the machine could not be reached or a signal ended the command. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command whose failure is an answer too. */
export async function attempt(lab: Lab, host: Host, command: readonly string[]): Promise<Attempt> {
  const [file = '', ...args] = argvFor(lab, host, command);
  const { exitCode, stdout, stderr } = await execa(file, args, { reject: false, input: '' });
  return { exitCode: exitCode ?? 255, stdout, stderr };
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
