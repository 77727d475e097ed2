/** One HTTP/1.1 exchange over a stream of its own, by node:http: headers bounded by its parser, the body here. */
import { type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { AgentFailure } from './agent-failure.ts';

export interface Exchange {
  readonly director: string;
  readonly stream: Duplex;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** Resolves with the head; the body is still to be read. The stream is destroyed when the answer ends. */
export function begin({ director, stream, method, path, body, signal }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const message = request({
      // No agent: one exchange a stream, `Connection: close`.
      createConnection: () => stream,
      method,
      path,
      signal,
      headers: {
        host: 'lvs-agent',
        ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
      },
    });
    message.once('response', (response) => {
      response.once('close', () => stream.destroy());
      resolve(response);
    });
    // The stream may have failed before node:http listens to it; what it says is nearer to the cause than a hang-up.
    stream.on('error', () => {});
    message.on('error', (error) => {
      const cause = stream.errored ?? error;
      stream.destroy();
      reject(failureFrom(director, cause));
    });
    message.end(payload);
  });
}

/** The whole body. @throws AgentFailure beyond the limit, or when it is cut off. */
export async function bodyOf(director: string, response: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new AgentFailure(director, { kind: 'too-large', limitBytes });
      chunks.push(chunk);
    }
  } catch (error) {
    throw failureFrom(director, error instanceof AgentFailure ? error : (response.socket?.errored ?? error));
  }
  return Buffer.concat(chunks);
}

/** What went wrong below: the far end's last words if it had some, else what the parser says. */
export function failureFrom(director: string, error: unknown): Error {
  if (!(error instanceof Error)) return new AgentFailure(director, { kind: 'malformed', why: String(error) });
  // A failure of the connection says it better itself; that of the program at its far end is about the agent.
  if (error instanceof AgentFailure || error.name === 'AbortError') return error;
  const stderr = lastWordsIn(error);
  if (stderr === undefined) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if ('hints' in error) return error;
    const why = code === 'ECONNRESET' ? 'it ended in the middle' : error.message;
    return new AgentFailure(director, { kind: 'malformed', why }, { cause: error });
  }
  const missing = /(stdio|lvs-agent).*(not found|no such file)/i.test(stderr) && !/stdio: connect/.test(stderr);
  const reason = missing ? ({ kind: 'not-installed' } as const) : ({ kind: 'not-running', why: stderr } as const);
  return new AgentFailure(director, reason, { cause: error });
}

/** The stderr of the program that carried the stream, by the shape of src/ssh's failure. */
function lastWordsIn(error: Error): string | undefined {
  if (!('facts' in error) || typeof error.facts !== 'object' || error.facts === null) return undefined;
  const reason = 'reason' in error.facts ? error.facts.reason : undefined;
  if (typeof reason !== 'object' || reason === null || !('kind' in reason) || reason.kind !== 'shell-ended')
    return undefined;
  return 'stderr' in reason && typeof reason.stderr === 'string' ? reason.stderr : '';
}
