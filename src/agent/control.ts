/** The control socket: HTTP/1.1 and JSON over a Unix socket that only root can open. Whatever comes, an answer in JSON goes back. */
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Refusal } from './refusal.ts';
import { type Agent, answerTo, MAX_BODY } from './requests.ts';
import { ShapeError } from './shape.ts';

/** An open request costs memory; a handful of operators and exporters need few. */
const MAX_CONNECTIONS = 64;
/** Bytes of events that a reader may be behind. */
const MAX_UNREAD = 4_194_304;

export interface ControlSocket {
  close(): Promise<void>;
}

/** @throws when the socket cannot be made */
export async function listenControl(path: string, agent: Agent): Promise<ControlSocket> {
  const server = createServer(
    { requestTimeout: 60_000, headersTimeout: 10_000, keepAlive: false },
    (request, response) => {
      handle(agent, request, response).catch((error: unknown) => fail(agent, response, error));
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  // `lvs-agent stdio` closes its side when it has no more to say, and still wants the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('clientError', (error, socket) => {
    if (socket.writable)
      socket.end(`HTTP/1.1 400 Bad Request\r\n${CLOSING}\r\n${JSON.stringify({ error: error.message })}\n`);
    else socket.destroy();
  });
  rmSync(path, { force: true });
  await listenPrivately(server, path);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const CLOSING = 'Content-Type: application/json\r\nConnection: close\r\n';

/** The mode must be right from the first moment; bind(2) takes it from the umask, and happens within listen(). */
function listenPrivately(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const umask = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(umask);
    }
  });
}

async function handle(agent: Agent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Connection', 'close');
  const url = new URL(request.url ?? '/', 'http://agent');
  const body = await readBody(request);
  const answer = await answerTo(agent, { method: request.method ?? '', url, body });
  if ('stream' in answer) {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.flushHeaders();
    const stop = answer.stream(
      (line) => writeLine(response, line),
      () => response.end(),
    );
    response.once('close', stop);
    return;
  }
  if ('text' in answer) sendText(response, 200, answer.text, answer.type);
  else send(response, 200, answer.json);
}

/** A reader that does not read is let go, rather than kept in memory without end. */
function writeLine(response: ServerResponse, line: unknown): void {
  response.write(`${JSON.stringify(line)}\n`);
  if (response.writableLength > MAX_UNREAD) response.destroy();
}

/** @throws Refusal when it is longer than this kind of request may be, or no JSON */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  const limit = request.method === 'PUT' ? MAX_BODY.put : MAX_BODY.post;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) throw new Refusal(413, `the body is longer than ${limit} bytes`);
    parts.push(part);
  }
  if (length === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    throw new Refusal(400, `the body is no JSON: ${(error as Error).message}`);
  }
}

function fail(agent: Agent, response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Refusal) send(response, error.status, { error: message });
  else if (error instanceof ShapeError) send(response, 400, { error: message });
  else {
    agent.journal.note('error', 'agent', `a request on the control socket failed: ${message}`);
    send(response, 500, { error: message });
  }
}

function send(response: ServerResponse, status: number, json: unknown): void {
  sendText(response, status, `${JSON.stringify(json)}\n`, 'application/json');
}

function sendText(response: ServerResponse, status: number, text: string, type: string): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(text);
  const headers = { 'Content-Type': type, 'Content-Length': body.length, Connection: 'close' };
  response.writeHead(status, headers).end(body);
}
