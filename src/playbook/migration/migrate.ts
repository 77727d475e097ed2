/**
 * A migration performed: the addresses first go where they are safe, then one program takes the other's place, and only when
 * that has settled does the other director go back to what it was. What was done stands when a run is cut off; the next one
 * finds it.
 */
import { AGENT_UNIT } from '../../desired/agent-units.ts';
import type { Ended } from '../apply.ts';
import { withExchangeKey } from '../exchange-key.ts';
import { stageReleases } from '../stage-releases.ts';
import { bringBack, othersSettle, prepare, startAgent, stopKeepalived, verdicts } from './programs.ts';
import { giveAway, oneOwner, takeOver } from './roles.ts';
import { later, type Work } from './work.ts';

type Stage = readonly [name: string, work: () => Promise<boolean>];

export async function migrate(begun: Work): Promise<Ended> {
  const work = begun.migration.back ? begun : await withKey(begun);
  if (work === null) return 'failed';
  for (const [name, stage] of work.migration.back ? backward(work) : forward(work)) {
    if (work.run.stopping()) return 'stopped';
    work.run.emit({ type: 'stage', name });
    if (!(await stage())) return work.run.stopping() ? 'stopped' : 'failed';
  }
  return 'done';
}

/** The key that directors share comes with the agent. */
async function withKey(work: Work): Promise<Work | null> {
  const agents = work.others.filter(({ facts }) => facts.units[AGENT_UNIT]?.active);
  const run = await withExchangeKey(work.run, [work.host, ...agents]);
  return run === null ? null : { ...work, run };
}

function forward(work: Work): Stage[] {
  const { run, host, migration } = work;
  const raises = migration.way === 'raise';
  // What the taker has for a while is one generation newer, and what both have in the end another.
  const [raised, last] = [later(run, 1), raises ? later(run, 2) : run];
  const rest = { ...work, run: last };
  return [
    ['release', () => stageReleases(run, [host])],
    ['files', () => prepare(rest)],
    ...(raises ? [['takeover', () => takeOver(work, raised, last)] satisfies Stage] : []),
    ['keepalived stops', () => stopKeepalived(rest)],
    ['agent starts', () => startAgent(rest)],
    ['verdicts', () => verdicts(rest)],
    ['others', () => othersSettle(rest)],
    ['owners', () => oneOwner(rest)],
  ];
}

function backward(work: Work): Stage[] {
  const yields = work.migration.way === 'yield';
  return [
    ...(yields ? [['yield', () => giveAway(work)] satisfies Stage] : []),
    ['keepalived starts', () => bringBack(work)],
    ['others', () => othersSettle(work)],
    ['owners', () => oneOwner(work)],
  ];
}
