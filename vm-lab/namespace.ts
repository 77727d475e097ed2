/**
 * The world of one lab: a user, network, mount and process namespace, kept by one process (`unshare`). Everything that a
 * lab has (networks, machines, the client) lives inside, so the end of that process is the end of all of it.
 *
 * Its network namespace is the client's. The bridges and the machines' cables are in a second one, `fabric`, which has
 * no address at all: nothing there can answer ARP in a machine's place.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { SEARCH_PATH } from './host-packages.ts';
import { LabError } from './lab-error.ts';
import type { Place } from './place.ts';

/** Reaps what is left to it, as process 1 must. The tmpfs on /run holds the machines' memory and the name `fabric`. */
const KEEPER = `set -eu
mount -t tmpfs -o mode=755,size=90% lab /run
mkdir /run/netns /run/uml
ip link set lo up
ip netns add fabric
: > "$1"
while :; do sleep 3600 & wait $! || :; done`;

export interface Namespace {
  /** The keeper's process on this machine. */
  readonly pid: number;
}

/** The keeper of a lab, if it lives. A process that merely got the same number is not taken for it. */
export async function findNamespace(place: Place): Promise<Namespace | undefined> {
  const pid = Number(await readFile(place.pidFile, 'utf8').catch(() => ''));
  if (!(pid > 1)) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.startsWith('unshare\0') && commandLine.includes(readyFile(place)) ? { pid } : undefined;
}

/** @throws LabError when this machine does not allow it. */
export async function openNamespace(place: Place): Promise<Namespace> {
  const log = openSync(join(place.folder, 'namespace.log'), 'w');
  const unshare = 'unshare --user --map-root-user --net --mount --pid --fork --mount-proc --kill-child';
  const script = `echo $$ > "$1" && exec ${unshare} sh -c "$3" keeper "$2"`;
  const keeper = spawn('sh', ['-c', script, 'sh', place.pidFile, readyFile(place), KEEPER], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: SEARCH_PATH },
  });
  closeSync(log);
  keeper.unref();
  const pid = keeper.pid;
  if (pid === undefined) throw new LabError('a shell could not be started');
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 10) {
    if (await exists(readyFile(place))) return { pid };
    if (keeper.exitCode !== null) break;
    await sleep(10);
  }
  const words = await readFile(join(place.folder, 'namespace.log'), 'utf8');
  throw new LabError(`this machine does not let the lab make its namespaces: ${words.trim() || 'no answer in 10 s'}`);
}

/** What stands before a command to run it as root among the client's interfaces, with this machine's files. */
export function insideClient({ pid }: Namespace): string[] {
  return ['nsenter', `--target=${pid}`, '--user', '--net', '--preserve-credentials', '--'];
}

/** Runs a command as one of the lab's own, among its mounts and processes too, and gives its standard output. */
export async function runInLab(
  { pid }: Namespace,
  command: readonly string[],
  options: { readonly input?: string; readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const processes = `--pid=/proc/${pid}/ns/pid_for_children`;
  const entering = [`--target=${pid}`, '--user', '--net', '--mount', processes, '--preserve-credentials', '--'];
  const env = { ...options.env, PATH: SEARCH_PATH };
  const { stdout } = await execa('nsenter', [...entering, ...command], { input: '', ...options, env });
  return stdout;
}

/** Every process of this machine that is in the lab's user namespace: its machines, and whoever entered. */
export async function processesOf(namespace: Namespace): Promise<number[]> {
  const mark = await readlink(`/proc/${namespace.pid}/ns/user`).catch(() => undefined);
  return mark === undefined ? [] : processesMarked(mark);
}

/** Ends the keeper and everything inside, and waits until the last of it is gone. */
export async function closeNamespace(namespace: Namespace): Promise<void> {
  const mark = await readlink(`/proc/${namespace.pid}/ns/user`).catch(() => undefined);
  if (mark === undefined) return;
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
    const alive = await processesMarked(mark);
    if (alive.length === 0) return;
    for (const pid of alive) signal(pid, 'SIGKILL');
    await sleep(20);
  }
  throw new LabError(`processes of the lab do not end: ${(await processesMarked(mark)).join(' ')}`);
}

/** Sends a signal; a process that is gone already is no failure. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function processesMarked(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const marks = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/user`).catch(() => undefined)));
  return pids.filter((_, index) => marks[index] === mark).map(Number);
}

function readyFile(place: Place): string {
  return join(place.folder, 'ready');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
