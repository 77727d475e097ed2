/** Talks to one agent: HTTP/1.1 over a stream that reaches its control socket. */
import type { Duplex } from 'node:stream';
import type { AgentState } from '../status/state.ts';

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
  /** @throws AgentFailure when there is no well-formed answer; an answer with an error status is no exception. */
  request(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    options?: RequestOptions,
  ): Promise<Answer>;
  /** The state, parsed with its schema. @throws AgentFailure also when the status is not 200 or the schema does not fit. */
  state(options?: RequestOptions): Promise<AgentState>;
  /** The lines of an NDJSON stream, parsed, until it ends or the signal fires. */
  stream(path: string, options?: { readonly signal?: AbortSignal }): AsyncGenerator<unknown, void, undefined>;
}

/** Opens one stream to the control socket; called once a request (the agent's answers are not kept alive). */
export type Dial = (signal?: AbortSignal) => Promise<Duplex>;
