/** Talks to one agent: HTTP/1.1 over a stream that reaches its control socket. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type AgentState, agentState } from '../status/state.ts';
import { AgentFailure, type AgentReason } from './agent-failure.ts';
import { begin, bodyOf, failureFrom } from './exchange.ts';
import { linesOf } from './ndjson.ts';

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** For the whole exchange. @default 15000 */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  /** The parsed body; undefined if it was empty. */
  readonly json: unknown;
}

export interface AgentClient {
  /** The director's name, for messages. */
  readonly director: string;
  /** @throws AgentFailure when there is no well-formed answer; an answer with an error status is no exception. */
  request(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ): Promise<Answer>;
  /** The state, parsed with its schema. @throws AgentFailure also when the status is not 200 or the schema does not fit. */
  state(options?: RequestOptions): Promise<AgentState>;
  /** The lines of an NDJSON stream, parsed, until it ends or the signal fires. @throws AgentFailure */
  stream(path: string, options?: { readonly signal?: AbortSignal }): AsyncGenerator<unknown, void, undefined>;
}

/** Opens one stream to the control socket; called once a request. */
export type Dial = (options: { readonly signal?: AbortSignal }) => Promise<Duplex>;

/** What a Connection of src/ssh has. */
interface Opens {
  open(argv: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<Duplex>;
}

/** A small C program that copies: starting Node costs a second on a small host. */
const STDIO = ['/opt/lvs-agent/current/stdio', '/run/lvs-agent/control.sock'];

export function dialThrough(connection: Opens): Dial {
  return (options) => connection.open(STDIO, options);
}

const TIMEOUT_MS = 15_000;
/** The state of 1,000 services with 10 realservers and their checks is about 6 MB. */
const LIMIT_BYTES = 64 * 1024 * 1024;

export function createAgentClient(director: string, dial: Dial): AgentClient {
  const open = async (method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> => {
    const stream = await dial({ signal }).catch((error: unknown) => {
      throw failureFrom(director, error);
    });
    return begin({ director, stream, method, path, body, signal });
  };
  const client: AgentClient = {
    director,
    async request(method, path, body, { signal, timeoutMs = TIMEOUT_MS } = {}) {
      const limit = AbortSignal.timeout(timeoutMs);
      const either = signal ? AbortSignal.any([signal, limit]) : limit;
      try {
        const response = await open(method, path, body, either);
        const bytes = await bodyOf(director, response, LIMIT_BYTES);
        return { status: response.statusCode ?? 0, json: parsed(director, bytes) };
      } catch (error) {
        if (!either.aborted) throw error;
        const why: AgentReason = signal?.aborted ? { kind: 'aborted' } : { kind: 'timeout', afterMs: timeoutMs };
        throw new AgentFailure(director, why, { cause: error });
      }
    },
    async state(options) {
      const answer = await client.request('GET', '/v1/state', undefined, options);
      if (answer.status !== 200) throw new AgentFailure(director, { kind: 'refused', ...refusalOf(answer) });
      const state = agentState.safeParse(answer.json);
      if (state.success) return state.data;
      const [issue] = state.error.issues;
      const why = issue ? `${issue.path.join('.')}: ${issue.message}` : 'not a state';
      throw new AgentFailure(director, { kind: 'malformed', why });
    },
    async *stream(path, { signal = new AbortController().signal } = {}) {
      const response = await open('GET', path, undefined, signal);
      if (response.statusCode !== 200) {
        const bytes = await bodyOf(director, response, LIMIT_BYTES);
        const answer = { status: response.statusCode ?? 0, json: parsed(director, bytes) };
        throw new AgentFailure(director, { kind: 'refused', ...refusalOf(answer) });
      }
      try {
        for await (const line of linesOf(response)) yield parsed(director, Buffer.from(line));
      } catch (error) {
        if (signal.aborted) return;
        throw failureFrom(director, error);
      } finally {
        response.destroy();
      }
    },
  };
  return client;
}

/** What an error answer says: `{"error": "…"}`. */
export function refusalOf({ status, json }: Answer): { readonly status: number; readonly why: string } {
  const why =
    typeof json === 'object' && json !== null && 'error' in json && typeof json.error === 'string' ? json.error : '';
  return { status, why };
}

function parsed(director: string, bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new AgentFailure(director, { kind: 'malformed', why: 'not JSON' }, { cause: error });
  }
}
