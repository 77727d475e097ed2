/** After the first apply of an instance: whoever was configured first is MASTER, and gives it to the preferred director. */
import type { InstanceWanted } from '../desired/wanted.ts';
import type { AgentState, InstanceState } from '../status/state.ts';
import { directorAgent } from './director-agent.ts';
import { refreshAgent } from './directors.ts';
import { handOver } from './failover.ts';
import { failureOf, hostFailure } from './failure.ts';
import { doing, fail, type HostRun, type Run } from './run.ts';

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
  const [name, from] = [preferred.target.wanted.host, master.target.wanted.host];
  const agents = directors.map((host) => directorAgent(host.target.wanted.host, host.connection, run.signal));
  const others = agents.map((agent) => agent.name).filter((other) => other !== name && other !== from);
  const byName = new Map(directors.map((host) => [host.target.wanted.host, host]));
  try {
    const result = await handOver({
      move: { instances: [instance], from, to: name, others, relayed: [], translated: [] },
      directors: new Map(agents.map((agent) => [agent.name, agent])),
      oldAddresses: [],
      waitMs: 0,
      mayLose: async () => true,
      doing: (host, what) => doing(run, byName.get(host) ?? master, what),
      stopping: run.stopping,
    });
    if (result.outcome === 'failed') return fail(run, preferred, hostFailure(name, result.message));
  } catch (error) {
    return fail(run, master, failureOf(from, error));
  }
  run.emit({ type: 'changed', host: name, what: `MASTER of ${instance}`, changes: [] });
  return (await refreshAgent(run, master)) && (await refreshAgent(run, preferred));
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
