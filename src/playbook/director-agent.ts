/** One director's agent as a hand-over needs it, over the connection that is there. */
import { agentFact } from '../facts/agent.ts';
import { type Established, establishedFact } from '../facts/established.ts';
import { AGENT_STEP, agentRequest } from '../operations/agent.ts';
import { AGENT_QUESTION } from '../operations/question.ts';
import type { Step } from '../shell/step.ts';
import type { Connection } from '../ssh/connection.ts';
import type { AgentState } from '../status/state.ts';
import type { Address } from '../wire/address.ts';
import { HostError } from './failure.ts';
import { refusalIn } from './refusal.ts';

/** Every method throws HostError, or the transport's own failure. */
export interface DirectorAgent {
  readonly name: string;
  state(): Promise<AgentState>;
  post(path: string, body: object): Promise<void>;
  established(vips: readonly Address[]): Promise<Established>;
}

const TIMEOUT_MS = 15_000;

export function directorAgent(name: string, connection: Connection, signal?: AbortSignal): DirectorAgent {
  const run = async (step: Step): Promise<string> => {
    const { steps, failed } = await connection.runScript([step], {
      timeoutMs: TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    });
    if (failed !== null) throw new HostError(name, `${step.name} failed: ${failed.stderr.trim().slice(0, 300)}`);
    return steps[0]?.stdout ?? '';
  };
  return {
    name,
    async state() {
      const printed = await run({ name: agentFact.name, text: agentFact.script(AGENT_QUESTION) });
      const { state, silence } = agentFact.parse(printed);
      if (state === null) throw new HostError(name, `the agent gives no state: ${silence}`);
      return state;
    },
    async post(path, body) {
      const request = agentRequest('POST', path, `${JSON.stringify(body)}\n`);
      const refusal = refusalIn(await run({ name: AGENT_STEP, commands: [request] }));
      if (refusal !== null) throw new HostError(name, `the agent refused: ${refusal}`);
    },
    async established(vips) {
      const text = establishedFact.script({ vips });
      return establishedFact.parse(await run({ name: establishedFact.name, text }));
    },
  };
}
