/** What is asked of both directors whoever works on them: who holds the VIP, what is in the table; and clearing both. */
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, script } from '../../../vm-lab/exec.ts';
import type { Lab } from '../../../vm-lab/lab.ts';
import { REALSERVERS, VIP } from './cluster.ts';
import type { Peer, Stage } from './peer.ts';
import type { Director } from './plan.ts';

const DIRECTORS: readonly Director[] = ['lb1', 'lb2'];

export function otherThan(director: Director): Director {
  return director === 'lb1' ? 'lb2' : 'lb1';
}

/** Who has the VIP where it answers ARP. */
const HELD = `ip -o -4 address show to ${VIP} | grep -v -c -e ' lo ' -e ' tunl0 ' || :`;
/** Realservers that get new connections. */
const LIVE = `ipvsadm -Ln | awk '$1 == "->" && $4 ~ /^[1-9]/' | wc -l`;

export async function holders(lab: Lab): Promise<Director[]> {
  const held = await Promise.all(DIRECTORS.map((director) => attempt(lab, director, ['sh', '-c', HELD])));
  return DIRECTORS.filter((_, index) => held[index]?.stdout.trim() === '1');
}

export async function untilHeldBy(lab: Lab, ...any: readonly Director[]): Promise<void> {
  await until(
    () => holders(lab),
    ([holder, ...more]) => holder !== undefined && more.length === 0 && any.includes(holder),
  );
}

export async function nobodyHolds(lab: Lab): Promise<void> {
  await until(
    () => holders(lab),
    (all) => all.length === 0,
  );
}

/** No service, no destination, no sync daemon: the next owner of IPVS starts from nothing. */
export async function clearIpvs(lab: Lab, director: Director): Promise<void> {
  await script(lab, director, 'ipvsadm -C; for r in master backup; do ipvsadm --stop-daemon $r 2>/dev/null || :; done');
}

/**
 * Waits until one director is MASTER, the other able to take over, and both have all realservers in their tables.
 * @returns the MASTER. @throws Error with what was seen last.
 */
export async function settled({ lab }: Stage, peer: Peer): Promise<Director> {
  const seen = await until(
    async () => ({
      held: await holders(lab),
      ready: await Promise.all(DIRECTORS.map((one) => isReady(lab, one, peer))),
    }),
    ({ held, ready }) => held.length === 1 && ready.every((one) => one),
    90_000,
  );
  return seen.held[0] ?? 'lb1';
}

async function isReady(lab: Lab, director: Director, peer: Peer): Promise<boolean> {
  const { stdout } = await attempt(lab, director, ['sh', '-c', `${LIVE}; ${peer.stateScript}`]);
  const [live = '', ...state] = stdout.split('\n');
  return Number(live) === REALSERVERS.length && peer.isReady(state.join('\n'));
}

async function until<Answer>(
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  timeoutMs = 30_000,
): Promise<Answer> {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(200)) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${timeoutMs} ms`);
  }
}
