/** Directors as they are watched: a connection each, asked for the agent's state again and again. */
import { agentFact } from '../facts/agent.ts';
import { unitsFact } from '../facts/units.ts';
import { KEEPALIVED_UNIT } from '../operations/keepalived.ts';
import { AGENT_QUESTION } from '../operations/question.ts';
import type { Connect, Connection } from '../ssh/connection.ts';
import type { DirectorView } from '../status/table.ts';
import type { Target } from './cluster.ts';
import { failureOf, type HostFailure } from './failure.ts';

export interface Watched {
  readonly target: Target;
  connection: Connection | null;
  failure: HostFailure | null;
}

/** Never throws for a director that is not there. */
export async function openDirectors(targets: readonly Target[], connect: Connect): Promise<Watched[]> {
  return Promise.all(
    targets.map(async (target): Promise<Watched> => {
      try {
        return { target, connection: await connect(target.connection), failure: null };
      } catch (error) {
        return { target, connection: null, failure: failureOf(target.wanted.host, error) };
      }
    }),
  );
}

/** One look at all of them. A connection that broke stays broken: the view says so from then on. */
export async function watch(watched: readonly Watched[]): Promise<DirectorView[]> {
  return Promise.all(watched.map(look));
}

async function look(one: Watched): Promise<DirectorView> {
  const director = one.target.wanted.host;
  if (one.connection === null)
    return { director, state: null, silence: one.failure === null ? 'not connected' : sentenceOf(one.failure) };
  try {
    const asked = [
      { name: agentFact.name, text: agentFact.script(AGENT_QUESTION) },
      { name: unitsFact.name, text: unitsFact.script([{ name: KEEPALIVED_UNIT, socket: null }]) },
    ];
    const { steps } = await one.connection.runScript(asked, { timeoutMs: 15_000 });
    const { state, silence } = agentFact.parse(steps[0]?.stdout ?? '');
    if (state === null && unitsFact.parse(steps[1]?.stdout ?? '')[KEEPALIVED_UNIT]?.active) {
      const addresses = one.target.wanted.director?.interfaces.map(({ address }) => address) ?? [];
      return { director, state, silence: null, foreign: { program: 'keepalived', addresses } };
    }
    return { director, state, silence: state === null ? `the agent gives no state: ${silence}` : null };
  } catch (error) {
    one.failure = failureOf(director, error);
    one.connection = null;
    return { director, state: null, silence: sentenceOf(one.failure) };
  }
}

/** Cause and next step in one sentence. */
function sentenceOf({ message, hints }: HostFailure): string {
  return [
    message,
    ...hints.slice(0, 1).map((hint) => hint.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase())),
  ]
    .join('; ')
    .replace(/\.$/, '');
}

export async function closeDirectors(watched: readonly Watched[]): Promise<void> {
  await Promise.all(watched.map(({ connection }) => connection?.close().catch(() => undefined)));
}
