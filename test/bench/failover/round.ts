/** One round: settled, loaded, broken, measured, mended. */
import { heal, powerOn } from '../../../vm-lab/faults.ts';
import { VIP } from './cluster.ts';
import { otherThan, settled } from './directors.ts';
import { FAULTS_DONE } from './faults.ts';
import { watchHolders } from './holders.ts';
import { type Measured, startLoad } from './load.ts';
import type { Peer, Stage } from './peer.ts';
import type { FaultName, PeerName, Setting } from './plan.ts';

export interface Round extends Setting {
  readonly peer: PeerName;
  readonly rate: number;
  readonly fault: FaultName;
  /** Absent when it could not be measured: `error` says why. */
  readonly measured?: Measured;
  /** How often the VIP came to a director: once is enough. */
  readonly moves: number;
  /** How often it was begun again because the load generator itself stood still. */
  readonly repeated: number;
  readonly error?: string;
}

/** A generator that was late by so much says nothing of what it measures. */
const TRUSTED_LATENESS_MS = 200;
const MOST_REPETITIONS = 2;

export interface RoundWish {
  readonly stage: Stage;
  readonly peer: Peer;
  readonly rate: number;
  readonly fault: FaultName;
  /** Gives source addresses for its load. */
  readonly source: () => string;
}

/** Never throws: a round that fails is told as one, and what it broke is mended as well as can be. */
export async function round(wish: RoundWish): Promise<Round> {
  for (let repeated = 0; ; repeated += 1) {
    const one = await roundOnce(wish, repeated);
    const isTrusted = (one.measured?.ownLatenessMs ?? 0) <= TRUSTED_LATENESS_MS;
    if (isTrusted || repeated === MOST_REPETITIONS) return one;
  }
}

async function roundOnce({ stage, peer, rate, fault, source }: RoundWish, repeated: number): Promise<Round> {
  const about = { ...stage.setting, peer: peer.name, rate, fault, repeated };
  try {
    const { measured, moves } = await measure({ stage, peer, rate, fault, source });
    return { ...about, measured, moves };
  } catch (error) {
    return { ...about, moves: 0, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await mend(stage, peer).catch(() => {});
  }
}

async function measure({
  stage,
  peer,
  rate,
  fault,
  source,
}: RoundWish): Promise<{ measured: Measured; moves: number }> {
  const master = await settled(stage, peer);
  const watch = await watchHolders(stage.lab, VIP, master);
  try {
    const load = await startLoad(stage.lab, rate, source());
    let brokenMs = Date.now();
    try {
      brokenMs = await FAULTS_DONE[fault]({ stage, peer, master, watch, load });
    } catch (error) {
      await load.end(brokenMs);
      throw error;
    }
    const moves = watch.changes.filter(({ holds }) => holds).length;
    return { measured: await load.end(brokenMs), moves };
  } finally {
    watch.stop();
  }
}

async function mend(stage: Stage, peer: Peer): Promise<void> {
  await heal(stage.lab);
  for (const director of ['lb1', otherThan('lb1')] as const) {
    await powerOn(stage.lab, director);
    await peer.restore(stage, director);
  }
}
