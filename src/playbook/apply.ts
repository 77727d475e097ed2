/**
 * The order in which a cluster changes: realservers grow while the agent's release is sent to all directors, directors follow
 * one at a time, return routes once a director holds the gateway, and only when no director sends anything there any more do
 * realservers lose what they had. A failure stops the run where it is: what was done stands, what was not is found by the
 * next run.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Placed } from '../desired/wanted.ts';
import { growing, returning } from '../operations/phase.ts';
import { losesTunnel } from '../operations/tunnels.ts';
import { applyDirector, directorOrder, refreshAgent } from './directors.ts';
import { withExchangeKey } from './exchange-key.ts';
import { giveToPreferred, newInstances } from './hand-over.ts';
import { pin, unpin } from './pinning.ts';
import { bring, doing, type HostRun, type Run } from './run.ts';
import { stageReleases } from './stage-releases.ts';

/** How long realservers that were removed may drain before the clean-up is left to the next run. */
const LEAVING_MS = 630_000;
const POLL_MS = 1_000;

export type Ended = 'done' | 'failed' | 'stopped';

export async function applyHosts(begun: Run): Promise<Ended> {
  const directors = begun.hosts.filter(({ target }) => target.wanted.director !== null);
  const others = begun.hosts.filter(({ target }) => target.wanted.director === null);
  const run = await withExchangeKey(begun, directors);
  if (run === null) return 'failed';
  // One that is pinned keeps its MASTER, whatever it becomes.
  const fresh = newInstances(directors).filter((name) => !run.shared.pins.some(({ instance }) => instance === name));
  const stages: (readonly [name: string, work: () => Promise<boolean>])[] = [
    ['realservers', () => prepare(run, directors, others)],
    ['holds', () => pin(run, directors)],
    ['directors', () => inTurn(run, directorOrder(directors), (host) => applyDirector(run, host))],
    ['release of holds', () => unpin(run, directors)],
    [
      'return routes',
      () => together(others, (host) => bring(run, host, returning(host.target.wanted, host.facts), 'return route')),
    ],
    ['hand-over', () => giveToPreferred(run, directors, fresh)],
    ['clean-up', () => cleanUp(run, directors, others)],
  ];
  for (const [name, work] of stages) {
    if (run.stopping()) return 'stopped';
    run.emit({ type: 'stage', name });
    if (!(await work())) return run.stopping() ? 'stopped' : 'failed';
  }
  return 'done';
}

/** Realservers grow; meanwhile the directors get the release that they will run: nothing of theirs changes by it. */
async function prepare(run: Run, directors: readonly HostRun[], others: readonly HostRun[]): Promise<boolean> {
  const [staged, grown] = await Promise.all([
    stageReleases(run, directors),
    together(others, (host) => bring(run, host, growing(host.target.wanted, host.facts), 'realserver')),
  ]);
  return staged && grown;
}

/** All at once; each is let finish even if another fails. */
async function together(hosts: readonly HostRun[], work: (host: HostRun) => Promise<boolean>): Promise<boolean> {
  const results = await Promise.all(hosts.map(work));
  return results.every((done) => done);
}

async function inTurn(
  run: Run,
  hosts: readonly HostRun[],
  work: (host: HostRun) => Promise<boolean>,
): Promise<boolean> {
  for (const host of hosts) {
    if (run.stopping() || !(await work(host))) return false;
  }
  return true;
}

/** Not while a director is absent: it may serve all the same, and send to realservers what the others no longer do. */
async function cleanUp(run: Run, directors: readonly HostRun[], others: readonly HostRun[]): Promise<boolean> {
  if (run.absent.length > 0) return true;
  const losing = others.filter(({ target, facts }) => losesSomething(target.wanted.placed, facts.placed));
  if (losing.length > 0 && !(await untilLeft(run, directors))) return false;
  return together(others, (host) => bring(run, host, host.target.wanted, 'clean-up'));
}

/** Something that connections through a director may still need. */
function losesSomething(wanted: Placed, placed: Placed): boolean {
  const losesVip = placed.vips.some(({ address }) => !wanted.vips.some((vip) => vip.address === address));
  return losesVip || losesTunnel(wanted, placed) || (placed.returnRoute !== null && wanted.returnRoute === null);
}

/** Directors still send packets of old connections to realservers that are leaving. */
async function untilLeft(run: Run, directors: readonly HostRun[]): Promise<boolean> {
  const until = Date.now() + LEAVING_MS;
  for (;;) {
    for (const host of directors) if (run.stopping() || !(await refreshAgent(run, host))) return false;
    const leaving = directors.filter(({ facts }) => (facts.agent?.state?.ipvs.leaving.length ?? 0) > 0);
    if (leaving.length === 0 || Date.now() > until) return true;
    for (const host of leaving) doing(run, host, `drains ${host.facts.agent?.state?.ipvs.leaving.join(', ')}`);
    await pause(POLL_MS, undefined, run.signal ? { signal: run.signal } : {}).catch(() => undefined);
  }
}
