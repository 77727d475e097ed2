/** `lab up`: image, namespace, cables, machines; and the way back when one of them fails. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureHostPackages } from './host-packages.ts';
import { image } from './image.ts';
import { LabError } from './lab-error.ts';
import { MACHINES, type Machine, type Profile } from './layout.ts';
import { isPoweredOn, powerOn, waitUntilBooted } from './machine.ts';
import { closeNamespace, findNamespace, type Namespace, openNamespace, runInLab } from './namespace.ts';
import { networkScript } from './network.ts';
import { machineFolder, type Place } from './place.ts';
import { checkPrerequisites } from './prerequisites.ts';
import { readRecord, writeRecord } from './record.ts';
import { writeSeed } from './seed.ts';
import { makeKeys, writeSshFiles } from './ssh.ts';
import { type Steps, UNTOLD } from './steps.ts';

export interface UpOptions {
  readonly profile: Profile;
  readonly steps?: Steps;
}

/**
 * Boots a lab and waits until every machine serves; when it is up already, only what is switched off is booted.
 * @throws LabError with this machine's or a lab machine's reason; nothing is left behind then.
 */
export async function up(place: Place, { profile, steps = UNTOLD }: UpOptions): Promise<void> {
  const running = await findRunning(place, profile);
  if (running !== undefined) {
    await bootMachines(place, running.namespace, running.image, steps);
    return;
  }
  await ensureHostPackages(steps);
  await checkPrerequisites();
  const disk = await image(steps);
  await claim(place);
  try {
    await boot(place, profile, disk, steps);
  } catch (error) {
    await down(place);
    throw error;
  }
}

/** Ends a lab, whatever state it is in; nothing there is no failure. Says whether there was one. */
export async function down(place: Place): Promise<boolean> {
  const namespace = await findNamespace(place);
  if (namespace !== undefined) await closeNamespace(namespace);
  const before = await readRecord(place);
  await rm(place.folder, { recursive: true, force: true });
  return namespace !== undefined || before !== undefined;
}

async function findRunning(
  place: Place,
  profile: Profile,
): Promise<{ readonly namespace: Namespace; readonly image: string } | undefined> {
  const namespace = await findNamespace(place);
  if (namespace === undefined) return undefined;
  const record = await readRecord(place);
  const hints = [`lvsctl lab down --name ${place.name}`];
  if (record === undefined) {
    throw new LabError(`the lab ${place.name} is being started, or its start was interrupted`, { hints });
  }
  if (record.profile !== profile) {
    throw new LabError(`the lab ${place.name} is up with the profile ${record.profile}, not ${profile}`, { hints });
  }
  return { namespace, image: record.image };
}

/** Making the folder is the lock: of two that start the same lab, one fails. What a dead lab left is removed first. */
async function claim(place: Place): Promise<void> {
  await rm(place.folder, { recursive: true, force: true });
  await mkdir(dirname(place.folder), { recursive: true });
  await mkdir(place.folder, { mode: 0o700 });
}

async function boot(place: Place, profile: Profile, disk: string, steps: Steps): Promise<void> {
  for (const machine of MACHINES) await mkdir(machineFolder(place, machine));
  const [namespace, keys] = await Promise.all([openNamespace(place), makeKeys(place)]);
  const seeds = MACHINES.map((machine) =>
    writeSeed(
      { machine, profile, hostKey: keys.hosts.get(machine) ?? '', loginKey: keys.login },
      machineFolder(place, machine),
    ),
  );
  await Promise.all([
    runInLab(namespace, ['sh'], { input: networkScript() }),
    writeSshFiles(place, namespace),
    ...seeds,
  ]);
  await bootMachines(place, namespace, disk, steps);
  await writeRecord(place, { profile, image: disk });
}

async function bootMachines(place: Place, namespace: Namespace, disk: string, steps: Steps): Promise<void> {
  const started = performance.now();
  const one = async (machine: Machine) => {
    if (await isPoweredOn(namespace, machine)) return;
    steps.doing(machine, 'booting');
    await powerOn(place, namespace, machine, disk);
    await waitUntilBooted(place, namespace, machine);
    steps.done(machine, `up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  };
  await Promise.all(MACHINES.map(one));
}
