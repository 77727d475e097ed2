import { AGENT } from '../desired/agent-units.ts';
import type { AgentFacts } from '../facts/agent.ts';
import type { Command } from '../shell/command.ts';
import { agentRequest } from './agent.ts';
import { type Operation, outcome } from './operation.ts';

/** As whom an apply holds instances: it lets go of what it held itself, and of nothing else. */
const HOLDER = 'lvsctl apply';

/** As the agent does when it is not told for how long. */
const HOLD_MS = 600_000;

export interface Held {
  readonly instance: string;
  /** What its directors do not understand of each other meanwhile. */
  readonly why: readonly string[];
}

/** Keeps an instance that a director runs, or will run with its next configuration, from becoming MASTER there, for ten minutes. */
export function holdCommand({ instance, why }: Held): Command {
  const body = { instance, owner: HOLDER, reason: why.join(', '), whileHeard: true, comes: true };
  return agentRequest('POST', '/v1/hold', `${JSON.stringify(body)}\n`);
}

/** The same for a director whose agent does not run yet: it reads this when it starts (src/agent/holds.ts). */
export function holdsFile(held: readonly Held[], now: Date): Command {
  const since = now.getTime();
  const holds = held.map(({ instance, why }) => ({
    ...{ instance, owner: HOLDER, reason: why.join(', '), whileHeard: true },
    ...{ since, until: since + HOLD_MS },
  }));
  return { kind: 'write', path: AGENT.holds, mode: 0o600, content: `${JSON.stringify(holds)}\n` };
}

export function releaseCommand(): Command {
  return agentRequest('POST', '/v1/release', `${JSON.stringify({ owner: HOLDER })}\n`);
}

/** Instances that an apply holds there. */
export function heldInstances(agent: AgentFacts | null): string[] {
  return (agent?.state?.holds ?? []).flatMap(({ owner, instance }) => (owner === HOLDER && instance ? [instance] : []));
}

/** Lets go of what an apply that ended early has left held. */
export const leftHolds: Operation = {
  name: 'holds',
  decide(_wanted, { agent }, { pinned }) {
    const held = heldInstances(agent);
    if (held.length === 0 || pinned) return { nothing: held.length === 0 ? 'nothing is held' : 'still needed' };
    return outcome(
      held.map((what) => ({ sign: '-', what: `hold of ${what}`, why: 'left by an apply that ended early' })),
      [releaseCommand()],
      '',
    );
  },
};
