/** Three busy loops on the MASTER: the BACKUP must not take over because of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { script } from '../../../vm-lab/exec.ts';
import { startRequests } from '../../../vm-lab/traffic.ts';
import { URL_OF_SERVICE, VIP } from './cluster.ts';
import { settled } from './directors.ts';
import { watchHolders } from './holders.ts';
import type { Peer, Stage } from './peer.ts';
import type { PeerName } from './plan.ts';

const LOOPS = ['bench-busy-1', 'bench-busy-2', 'bench-busy-3'];
/** At 1 s advertisements nobody would notice. */
export const BUSY_ADVERT_MS = 100;
const REQUESTS_A_SECOND = 20;

export interface Busy {
  readonly peer: PeerName;
  readonly advertMs: number;
  readonly seconds: number;
  /** How often the VIP came to a director: none should. */
  readonly transitions: number;
  readonly failed: number;
  readonly sent: number;
}

export async function busy(stage: Stage, peer: Peer, seconds: number, from: string): Promise<Busy> {
  const { lab, setting } = stage;
  const master = await settled(stage, peer);
  const watch = await watchHolders(lab, VIP, master);
  const requests = startRequests(lab, URL_OF_SERVICE, { from, timeoutMs: 900, intervalMs: 1000 / REQUESTS_A_SECOND });
  try {
    const loop = (name: string) => `systemd-run --quiet --collect --unit=${name} sh -c 'while :; do :; done'`;
    await script(lab, master, LOOPS.map(loop).join('\n'));
    await sleep(seconds * 1000);
    await script(lab, master, `systemctl stop ${LOOPS.join(' ')}`);
  } finally {
    watch.stop();
  }
  const { failed, sent } = await requests.stop();
  const transitions = watch.changes.filter(({ holds }) => holds).length;
  return { peer: peer.name, advertMs: setting.advertMs, seconds, transitions, failed, sent };
}
