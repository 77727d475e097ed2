/** The VRRP process's end of its link to the supervisor (src/vrrp/link.ts): a Unix socket, newline-delimited JSON, mode 0600. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Hold } from '../../vrrp/hold.ts';
import type { FromVrrp, ToVrrp, TrackerState } from '../../vrrp/link.ts';
import { decimal, flag, list, nullable, object, type Shape, text } from '../shape.ts';
import type { Log } from './log.ts';

/** A configuration is one line: a thousand services take about a megabyte. */
const LONGEST_LINE = 16 * 1024 * 1024;
/** A supervisor that does not read is cut off rather than remembered. */
const LONGEST_BACKLOG = 1024 * 1024;

export interface LinkHandlers {
  onMessage(message: ToVrrp, answer: (message: FromVrrp) => void): void;
  /** What a new connection is told first. */
  greeting(): FromVrrp;
}

export class LinkServer {
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #handlers: LinkHandlers;
  readonly #log: Log;

  /** Listens on `path`; a socket that a dead process left there is replaced. */
  constructor(path: string, handlers: LinkHandlers, log: Log) {
    this.#handlers = handlers;
    this.#log = log;
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    rmSync(path, { force: true });
    const mask = process.umask(0o177);
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.on('error', (error) => this.#log('error', 'link socket failed', { path, error: error.message }));
    this.#server.listen(path, () => chmodSync(path, 0o600));
    process.umask(mask);
  }

  /** @returns whether anybody is connected. */
  tell(message: FromVrrp): boolean {
    for (const client of this.#clients) this.#write(client, message);
    return this.#clients.size > 0;
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    socket.setEncoding('utf8');
    const lines = lineReader(
      (line) => this.#receive(socket, line),
      () => socket.destroy(),
    );
    socket.on('data', lines);
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => this.#clients.delete(socket));
    this.#write(socket, this.#handlers.greeting());
  }

  #receive(socket: Socket, line: string): void {
    const message = parseMessage(line);
    if (message === undefined) this.#log('warning', 'message not understood', { length: line.length });
    else this.#handlers.onMessage(message, (answer) => this.#write(socket, answer));
  }

  #write(socket: Socket, message: FromVrrp): void {
    if (socket.writableLength > LONGEST_BACKLOG) socket.destroy();
    else socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** Puts lines together from pieces, in time that grows with their length and no faster. */
function lineReader(onLine: (line: string) => void, onTooLong: () => void): (text: string) => void {
  let pieces: string[] = [];
  let length = 0;
  return (text) => {
    const [first = '', ...more] = text.split('\n');
    pieces.push(first);
    length += first.length;
    for (const start of more) {
      onLine(pieces.join(''));
      pieces = [start];
      length = start.length;
    }
    if (length > LONGEST_LINE) onTooLong();
  };
}

const holdsShape: Shape<readonly Hold[]> = list(
  object({
    instance: nullable(text),
    reason: text,
    untilMs: nullable(decimal(0, Number.MAX_SAFE_INTEGER)),
    endsAlone: flag,
  }),
);

/** The message in a line, or undefined for one of another release, a broken one, or none. */
export function parseMessage(line: string): ToVrrp | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  switch (value['type']) {
    case 'ready':
      return { type: 'ready' };
    case 'holds':
      return holdsShape(value['holds'], 'holds') === undefined ? (value as unknown as ToVrrp) : undefined;
    case 'yield':
    case 'relay-ready':
    case 'end-lame-duck':
      return typeof value['instance'] === 'string' ? { type: value['type'], instance: value['instance'] } : undefined;
    case 'record':
      return typeof value['on'] === 'boolean' ? { type: 'record', on: value['on'] } : undefined;
    case 'tracking': {
      const { scripts, services, files = {} } = value;
      return [scripts, services, files].every(isStates) ? (value as unknown as ToVrrp) : undefined;
    }
    case 'config':
      return isRecord(value['config']) ? (value as unknown as ToVrrp) : undefined;
    default:
      return undefined;
  }
}

const STATES: readonly unknown[] = ['up', 'down', 'unknown'] satisfies TrackerState[];

function isStates(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((state) => STATES.includes(state));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
