/** What the measurement asks of each peer; everything else is the same for both. */
import type { Lab } from '../../../vm-lab/lab.ts';
import type { Director, PeerName, Setting } from './plan.ts';

export interface Stage {
  readonly lab: Lab;
  readonly setting: Setting;
  /** The setting's topology, a file. */
  readonly topology: string;
}

export interface Peer {
  readonly name: PeerName;
  /** Makes it what works on both directors, also after a reboot; lb1 is MASTER first. Nothing of the other is left by then. */
  install(stage: Stage): Promise<void>;
  /** Takes it off both directors: no process, no address, no IPVS table. */
  remove(stage: Stage): Promise<void>;
  /** sh whose output `isReady` reads: whether this director is MASTER, or BACKUP and able to take over. */
  readonly stateScript: string;
  isReady(output: string): boolean;
  stop(stage: Stage, director: Director): Promise<void>;
  /** Starts what was stopped and undoes what a hand-over left; nothing to do is fine. */
  restore(stage: Stage, director: Director): Promise<void>;
  /** Returns when the peer says that it is done. @param andWaits until the old MASTER may be switched off, if the peer can tell. */
  handOver(stage: Stage, from: Director, to: Director, andWaits: boolean): Promise<void>;
}
