/** The faults, each done to the MASTER under load; each returns when it is over and has been watched for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cut, heal, powerOff, stall } from '../../../vm-lab/faults.ts';
import { nowMs } from '../../../vm-lab/load/now.ts';
import { awayMs } from './cluster.ts';
import { otherThan } from './directors.ts';
import type { HolderWatch } from './holders.ts';
import type { Load } from './load.ts';
import type { Peer, Stage } from './peer.ts';
import type { Director, FaultName } from './plan.ts';

export interface Scene {
  readonly stage: Stage;
  readonly peer: Peer;
  readonly master: Director;
  readonly watch: HolderWatch;
  readonly load: Load;
}

const TAKEN_WITHIN_MS = 20_000;
const SERVES_WITHIN_MS = 20_000;
/** Further trouble (a second transition, late resets) would come within this. */
const LOOK_ON_MS = 2_000;
/** An operator who switches the old MASTER off after a hand-over. */
const OFF_AFTER_MS = 5_000;

/** Does it. @returns when it began to matter (epoch ms): what was open then counts. */
export const FAULTS_DONE: Readonly<Record<FaultName, (scene: Scene) => Promise<number>>> = {
  async none() {
    const begunMs = nowMs();
    await sleep(LOOK_ON_MS);
    return begunMs;
  },
  crash: (scene) => unplanned(scene, () => powerOff(scene.stage.lab, scene.master)),
  stall: (scene) => unplanned(scene, () => stall(scene.stage.lab, scene.master, awayMs(scene.stage.setting))),
  cut: (scene) =>
    unplanned(scene, async () => {
      const { lab, setting } = scene.stage;
      for (const network of ['front', 'back'] as const) await cut(lab, scene.master, network);
      await sleep(awayMs(setting));
      await heal(lab, scene.master);
      // the two MASTERs that meet now need an advertisement to know it
      await sleep(2 * setting.advertMs);
    }),
  'clean-stop': (scene) => planned(scene, () => scene.peer.stop(scene.stage, scene.master)),
  'hand-over': (scene) => planned(scene, () => handOver(scene, true)),
  'hand-over-off': (scene) =>
    planned(scene, async () => {
      await handOver(scene, false);
      const { atMs } = await scene.watch.taken(otherThan(scene.master), TAKEN_WITHIN_MS);
      await sleep(atMs + OFF_AFTER_MS - nowMs());
      await powerOff(scene.stage.lab, scene.master);
    }),
};

function handOver({ stage, peer, master }: Scene, andWaits: boolean): Promise<void> {
  return peer.handOver(stage, master, otherThan(master), andWaits);
}

async function unplanned(scene: Scene, does: () => Promise<void>): Promise<number> {
  const begunMs = nowMs();
  await does();
  await over(scene);
  return begunMs;
}

/** A command takes its time before anything moves: what counts is the first move of the VIP. */
async function planned(scene: Scene, does: () => Promise<void>): Promise<number> {
  const begunMs = nowMs();
  await does();
  await over(scene);
  return scene.watch.changes.find(({ atMs }) => atMs > begunMs)?.atMs ?? begunMs;
}

async function over({ watch, master, load }: Scene): Promise<void> {
  const { atMs } = await watch.taken(otherThan(master), TAKEN_WITHIN_MS);
  await load.serves(atMs, SERVES_WITHIN_MS);
  await sleep(LOOK_ON_MS);
}
