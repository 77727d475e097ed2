/** An agent gives its roles to another agent, and its connections with them: the planned hand-over, before it ends. */
import type { DirectorView } from '../../status/table.ts';
import { directorAgent } from '../director-agent.ts';
import { refreshAgent } from '../directors.ts';
import { handOver } from '../failover.ts';
import { planFailover, Unmovable } from '../failover-plan.ts';
import { failureOf, hostFailure } from '../failure.ts';
import { doing, fail, type HostRun } from '../run.ts';
import { nameOf, type Work } from './work.ts';

/** How long the other's knowledge of connections is waited for: sync and relay settle within some 10 s. */
const KNOWN_WITHIN_MS = 30_000;

/** @returns whether it went on as far as it can; then it is to be seen who holds the addresses */
export async function handAway({ config, run, host }: Work, taker: HostRun): Promise<boolean> {
  const hosts = [host, taker];
  for (const one of hosts) if (!(await refreshAgent(run, one))) return false;
  const byName = new Map(hosts.map((one) => [nameOf(one), one]));
  const agents = hosts.map((one) => directorAgent(nameOf(one), one.connection, run.signal));
  const dips = config.directors.find(({ name }) => name === nameOf(host))?.dips ?? [];
  try {
    const { moves } = planFailover(config, hosts.map(viewOf), { instance: null, to: nameOf(taker), back: false });
    for (const move of moves) {
      const result = await handOver({
        ...{ move: { ...move, others: [] }, oldAddresses: dips.map(({ address }) => address) },
        directors: new Map(agents.map((agent) => [agent.name, agent])),
        waitMs: KNOWN_WITHIN_MS,
        // It was said beforehand.
        mayLose: async () => true,
        doing: (director, what) => doing(run, byName.get(director) ?? host, what),
        stopping: run.stopping,
      });
      if (result.outcome === 'failed') return fail(run, host, hostFailure(nameOf(host), result.message));
    }
    return true;
  } catch (error) {
    if (error instanceof Unmovable) return fail(run, host, hostFailure(nameOf(host), error.message, error.hints));
    return fail(run, host, failureOf(nameOf(host), error));
  }
}

function viewOf(one: HostRun): DirectorView {
  const state = one.facts.agent?.state ?? null;
  return { director: nameOf(one), state, silence: state === null ? (one.facts.agent?.silence ?? 'unknown') : null };
}
