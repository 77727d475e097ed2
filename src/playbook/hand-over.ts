/** After the first apply of an instance: whoever was configured first is MASTER, and gives it to the preferred director. */
import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceWanted } from '../desired/wanted.ts';
import { AGENT_STEP, agentRequest } from '../operations/agent.ts';
import type { AgentState, InstanceState } from '../status/state.ts';
import { refreshAgent } from './directors.ts';
import { hostFailure } from './failure.ts';
import { doing, fail, type HostRun, perform, type Run } from './run.ts';

const WAIT_MS = 20_000;
const POLL_MS = 300;

/** Instances that no director ran before: one that only has the name of an earlier one is a virtual router of its own. */
export function newInstances(directors: readonly HostRun[]): string[] {
  const wanted = directors.flatMap((host) =>
    (host.target.wanted.director?.instances ?? []).map((instance) => ({
      name: instance.name,
      known: instancesOf(host).some((running) => isSameRouter(running, instance)),
    })),
  );
  const known = new Set(wanted.flatMap(({ name, known }) => (known ? [name] : [])));
  return [...new Set(wanted.map(({ name }) => name))].filter((name) => !known.has(name));
}

/** As the VRRP process sees it when it is given another configuration (src/vrrp/reconfigure.ts): else it starts anew. */
function isSameRouter(
  running: InstanceState,
  { name, vrid, version, family, interface: device }: InstanceWanted,
): boolean {
  // Advertised ones come first, and all of those are of the instance's family.
  const [vip] = running.vips;
  const sameFamily = vip === undefined || vip.includes(':') === (family === 6);
  return (
    running.name === name &&
    running.vrid === vrid &&
    running.version === version &&
    running.interface === device &&
    sameFamily
  );
}

export async function giveToPreferred(
  run: Run,
  directors: readonly HostRun[],
  instances: readonly string[],
): Promise<boolean> {
  for (const host of instances.length > 0 ? directors : []) {
    if (!(await refreshAgent(run, host))) return false;
  }
  for (const instance of instances) {
    if (!(await giveOne(run, directors, instance))) return false;
  }
  return true;
}

async function giveOne(run: Run, directors: readonly HostRun[], instance: string): Promise<boolean> {
  const preferred = [...directors].sort((a, b) => priorityOf(b, instance) - priorityOf(a, instance))[0];
  const master = directors.find((host) => stateOf(host, instance) === 'MASTER');
  if (!preferred || !master || master === preferred || stateOf(preferred, instance) !== 'BACKUP') return true;
  const name = preferred.target.wanted.host;
  doing(run, master, `gives ${instance} to ${name}`);
  const request = agentRequest('POST', '/v1/yield', `${JSON.stringify({ instance })}\n`);
  if (!(await perform(run, master, [{ name: AGENT_STEP, commands: [request] }]))) return false;
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    if (!(await refreshAgent(run, preferred))) return false;
    if (stateOf(preferred, instance) === 'MASTER') {
      run.emit({ type: 'changed', host: name, what: `MASTER of ${instance}`, changes: [] });
      return true;
    }
    await pause(POLL_MS);
  }
  return fail(
    run,
    preferred,
    hostFailure(name, `it is preferred for ${instance} and did not become MASTER within ${WAIT_MS / 1000} s.`),
  );
}

function instancesOf({ facts }: HostRun): AgentState['vrrp']['instances'] {
  return facts.agent?.state?.vrrp.instances ?? [];
}

function stateOf(host: HostRun, instance: string): string | undefined {
  return instancesOf(host).find(({ name }) => name === instance)?.state;
}

function priorityOf({ target }: HostRun, instance: string): number {
  return target.wanted.director?.instances.find(({ name }) => name === instance)?.priority ?? 0;
}
