/**
 * Pinning: an instance that changes so that its directors do not understand each other meanwhile (pins.ts) is held as BACKUP on
 * every director but its MASTER, until that one, the last, has changed too and is heard. What is left after a failure ends by
 * itself, and the next apply goes on from there.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AGENT_UNIT } from '../desired/agent-units.ts';
import { AGENT_STEP } from '../operations/agent.ts';
import { type Held, heldInstances, holdCommand, holdsFile, releaseCommand } from '../operations/holds.ts';
import type { InstanceState } from '../status/state.ts';
import { refreshAgent } from './directors.ts';
import { hostFailure } from './failure.ts';
import { sharing } from './pins.ts';
import { doing, fail, type HostRun, perform, type Run } from './run.ts';

/** The MASTER speaks at once when it has changed: thirty seconds are for a busy network. */
const HEARD_MS = 30_000;
const POLL_MS = 300;

/** Holds what is pinned wherever it is not MASTER, before the first director changes. False: one cannot be held. */
export async function pin(run: Run, directors: readonly HostRun[]): Promise<boolean> {
  for (const host of directors) {
    const pins = run.shared.pins.flatMap(({ instance, why }) =>
      namesToHold(host, instance).map((name) => ({ instance: name, why })),
    );
    if (pins.length > 0 && !(await hold(run, host, pins))) return false;
  }
  return true;
}

async function hold(run: Run, host: HostRun, pins: readonly Held[]): Promise<boolean> {
  const { wanted } = host.target;
  const { state, silence } = host.facts.agent ?? { state: null, silence: null };
  if (state === null && !host.facts.units[AGENT_UNIT]?.active) {
    return perform(run, host, [{ name: 'holds', commands: [holdsFile(pins, new Date())] }]);
  }
  if (state === null) {
    return fail(run, host, hostFailure(wanted.host, `its agent cannot be asked to hold: ${silence}.`));
  }
  if (state.holds === undefined) {
    return fail(
      run,
      host,
      hostFailure(wanted.host, 'its agent is of a release that cannot hold an instance.', [
        'Apply the topology as it was first: that upgrades the agents.',
      ]),
    );
  }
  doing(run, host, 'held as BACKUP');
  return perform(
    run,
    host,
    pins.map((one) => ({ name: AGENT_STEP, commands: [holdCommand(one)] })),
  );
}

/** By the name that it has there, and the one that it gets; none where it is MASTER or takes no part. */
function namesToHold({ target, facts }: HostRun, instance: string): string[] {
  const wanted = target.wanted.director?.instances.find(({ name }) => name === instance);
  if (wanted === undefined) return [];
  const running = sharing(facts, wanted);
  if (running.some(({ state }) => state === 'MASTER')) return [];
  return [...new Set([instance, ...running.map(({ name }) => name)])];
}

/** Lets go when every director that was held hears its MASTER again. */
export async function unpin(run: Run, directors: readonly HostRun[]): Promise<boolean> {
  const held =
    run.shared.pins.length === 0 ? [] : directors.filter(({ facts }) => heldInstances(facts.agent).length > 0);
  for (const host of held.length > 0 ? directors : []) {
    if (!(await refreshAgent(run, host))) return false;
  }
  const served = run.shared.pins
    .map(({ instance }) => instance)
    .filter((name) => directors.some((host) => isMaster(host, name)));
  for (const host of held) {
    if (!(await hears(run, host, served))) return false;
  }
  for (const host of held) {
    if (!(await perform(run, host, [{ name: AGENT_STEP, commands: [releaseCommand()] }]))) return false;
  }
  return true;
}

function instancesOf({ facts }: HostRun): InstanceState[] {
  return facts.agent?.state?.vrrp.instances ?? [];
}

function isMaster(host: HostRun, instance: string): boolean {
  return instancesOf(host).some(({ name, state }) => name === instance && state === 'MASTER');
}

/** @param served instances that have a MASTER: the others have nobody to be heard */
async function hears(run: Run, host: HostRun, served: readonly string[]): Promise<boolean> {
  const until = Date.now() + HEARD_MS;
  for (;;) {
    const deaf = instancesOf(host).find(
      ({ name, state, master }) => served.includes(name) && state === 'BACKUP' && master === null,
    );
    if (deaf === undefined) return true;
    const why = `hears no MASTER of ${deaf.name} since that has changed`;
    if (Date.now() > until || run.signal?.aborted) {
      return fail(
        run,
        host,
        hostFailure(host.target.wanted.host, `it ${why}; it stays held.`, [
          'find out why: a firewall, another interface; then apply again',
        ]),
      );
    }
    doing(run, host, why);
    await pause(POLL_MS);
    if (!(await refreshAgent(run, host))) return false;
  }
}
