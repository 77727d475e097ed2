/** One machine: a User-Mode Linux kernel, which is an ordinary process. Killing that process is a power failure. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_WORD } from './image-files.ts';
import { LabError } from './lab-error.ts';
import { type Machine, macOf, memoryOf, NETWORKS } from './layout.ts';
import { type Namespace, processesOf, runInLab, signal } from './namespace.ts';
import { cableOf } from './network.ts';
import { machineFolder, type Place } from './place.ts';

const BOOT_TIMEOUT_MS = 120_000;

/** Starts a machine on its own disk, which is made on the first start and kept afterwards. Returns at once. */
export async function powerOn(place: Place, namespace: Namespace, machine: Machine, image: string): Promise<void> {
  const folder = machineFolder(place, machine);
  const kernel = ['linux.uml', ...kernelWords(place, machine, image)];
  const script = 'log=$1; shift; : >"$log"; setsid ip netns exec fabric "$@" </dev/null >>"$log" 2>&1 &';
  const command = ['sh', '-c', script, 'sh', consoleLog(place, machine), ...kernel];
  await runInLab(namespace, command, { cwd: folder, env: { TMPDIR: '/run', HOME: '/run' } });
}

/** Power failure. */
export async function powerOff(namespace: Namespace, machine: Machine): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5_000; waitedMs += 20) {
    const alive = await processesOfMachine(namespace, machine);
    if (alive.length === 0) return;
    for (const { pid } of alive) signal(pid, 'SIGKILL');
    await sleep(20);
  }
  throw new LabError(`the processes of ${machine} do not end`);
}

/** Stops or continues the whole machine. Traced processes are its programs: they wait for the kernel, which is stopped. */
export async function signalMachine(
  namespace: Namespace,
  machine: Machine,
  name: 'SIGSTOP' | 'SIGCONT',
): Promise<void> {
  for (const { pid, traced } of await processesOfMachine(namespace, machine)) if (!traced) signal(pid, name);
}

export async function isPoweredOn(namespace: Namespace, machine: Machine): Promise<boolean> {
  return (await processesOfMachine(namespace, machine)).length > 0;
}

/** Stalled when its kernel is stopped. */
export async function powerOf(namespace: Namespace, machine: Machine): Promise<'on' | 'off' | 'stalled'> {
  const alive = await processesOfMachine(namespace, machine);
  if (alive.length === 0) return 'off';
  return alive.some(({ traced, stopped }) => stopped && !traced) ? 'stalled' : 'on';
}

/** How often the machine has come up since its power was switched on. */
export async function bootsOf(place: Place, machine: Machine): Promise<number> {
  return (await readConsole(place, machine)).split(READY_WORD).length - 1;
}

/** Waits for the console's word that SSH and nginx serve, for the n-th time since the power was switched on. */
export async function waitUntilBooted(place: Place, namespace: Namespace, machine: Machine, boots = 1): Promise<void> {
  const deadline = performance.now() + BOOT_TIMEOUT_MS;
  for (let round = 1; (await bootsOf(place, machine)) < boots; round += 1) {
    if (performance.now() > deadline)
      throw await bootFailure(place, machine, `did not come up in ${BOOT_TIMEOUT_MS} ms`);
    // Looking for its processes reads all of /proc: now and then is enough.
    if (round % 10 === 0 && (await hasEnded(namespace, machine)))
      throw await bootFailure(place, machine, 'ended while it was booting');
    await sleep(100);
  }
}

/** A kernel that reboots executes itself anew, and has no command line to know it by for a moment: it is looked at again. */
async function hasEnded(namespace: Namespace, machine: Machine): Promise<boolean> {
  for (let look = 0; look < 5; look += 1) {
    if (await isPoweredOn(namespace, machine)) return false;
    await sleep(100);
  }
  return true;
}

async function bootFailure(place: Place, machine: Machine, what: string): Promise<LabError> {
  const lines = (await readConsole(place, machine)).split('\n').filter((line) => /panic|can't|fail/i.test(line));
  return new LabError(`${machine} ${what}`, {
    hints: [...lines.slice(-3), `its console: ${consoleLog(place, machine)}`],
  });
}

function consoleLog(place: Place, machine: Machine): string {
  return join(machineFolder(place, machine), 'console.log');
}

async function readConsole(place: Place, machine: Machine): Promise<string> {
  return readFile(consoleLog(place, machine), 'utf8').catch(() => '');
}

function kernelWords(place: Place, machine: Machine, image: string): string[] {
  const folder = machineFolder(place, machine);
  const id = createHash('md5').update(`${folder} ${image}`).digest('hex');
  return [
    `umid=${machine}`,
    'uml_dir=/run/uml/',
    `mem=${memoryOf(machine)}M`,
    `ubd0=${join(folder, 'disk')},${image}`,
    `ubd1r=${join(folder, 'seed.tar')}`,
    'root=/dev/ubda',
    'rw',
    ...NETWORKS.map(
      (network, index) =>
        `vec${index}:transport=raw,ifname=${cableOf(machine, network)},depth=128,mac=${macOf(machine, network)}`,
    ),
    `systemd.hostname=${machine}`,
    `systemd.machine_id=${id}`,
    ...['con=null', 'con0=null,fd:1', 'ssl=null', 'quiet', 'net.ifnames=0', 'systemd.show_status=false'],
  ];
}

interface MachineProcess {
  readonly pid: number;
  /** One of the machine's programs rather than its kernel. */
  readonly traced: boolean;
  readonly stopped: boolean;
}

/** The kernel's threads of execution all carry the machine's name in their command line. */
async function processesOfMachine(namespace: Namespace, machine: Machine): Promise<MachineProcess[]> {
  const found = await Promise.all((await processesOf(namespace)).map((pid) => inspect(pid, machine)));
  return found.filter((one) => one !== undefined);
}

async function inspect(pid: number, machine: Machine): Promise<MachineProcess | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (!words.includes(`umid=${machine}`)) return undefined;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return { pid, traced: !/^TracerPid:\t0$/m.test(status), stopped: /^State:\tT/m.test(status) };
  } catch {
    return undefined;
  }
}
