/** Directors, one at a time: modules, sysctls, units, release and configuration; each has settled before the next begins. */
import { setTimeout as pause } from 'node:timers/promises';
import { agentFact } from '../facts/agent.ts';
import { decide } from '../operations/all.ts';
import { AGENT_QUESTION } from '../operations/question.ts';
import { failureOf, hostFailure } from './failure.ts';
import { contextFor } from './plan.ts';
import { bring, doing, fail, type HostRun, type Run } from './run.ts';
import { settledState } from './settled.ts';

/** From the start of the agent: its own start gate is 10 s at most, then master_down. */
const SETTLE_MS = 60_000;
const POLL_MS = 300;
const SAYS_MORE = 'journalctl -u lvs-agent -u lvs-vrrp on the director says more';

/** BACKUPs first, so that the one that serves goes last; where nothing runs yet, the preferred one first. */
export function directorOrder(hosts: readonly HostRun[]): HostRun[] {
  const masters = (host: HostRun) =>
    host.facts.agent?.state?.vrrp.instances.filter(({ state }) => state === 'MASTER').length ?? 0;
  const priority = (host: HostRun) =>
    (host.target.wanted.director?.instances ?? []).reduce((sum, instance) => sum + instance.priority, 0);
  return [...hosts].sort((a, b) => masters(a) - masters(b) || priority(b) - priority(a));
}

export async function applyDirector(run: Run, host: HostRun): Promise<boolean> {
  const { wanted } = host.target;
  const before = decide(wanted, host.facts, contextFor(host.facts, run.shared));
  if (before.steps.length === 0 && before.changes.length === 0) return true;
  if (!(await bring(run, host, wanted, 'director'))) return false;
  return await settle(run, host);
}

/** Waits until the agent is up with what it was given. */
export async function settle(run: Run, host: HostRun): Promise<boolean> {
  const { wanted } = host.target;
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const pinned = run.shared.pins.map(({ instance }) => instance);
    const state = settledState(wanted, host.facts.agent, contextFor(host.facts, run.shared), pinned);
    if (state.settled) return true;
    if (state.final || Date.now() > until || run.signal?.aborted) {
      return fail(run, host, hostFailure(wanted.host, `${state.why}.`, [...(state.hints ?? []), SAYS_MORE]));
    }
    doing(run, host, state.why);
    await pause(POLL_MS);
    if (!(await refreshAgent(run, host))) return false;
  }
}

/** Reads the agent's state alone; false: the connection is gone. */
export async function refreshAgent(run: Run, host: HostRun): Promise<boolean> {
  try {
    const step = { name: agentFact.name, text: agentFact.script(AGENT_QUESTION) };
    const { steps } = await host.connection.runScript([step], run.signal ? { signal: run.signal } : {});
    host.facts = { ...host.facts, agent: agentFact.parse(steps[0]?.stdout ?? '') };
    return true;
  } catch (error) {
    return fail(run, host, failureOf(host.target.wanted.host, error));
  }
}
