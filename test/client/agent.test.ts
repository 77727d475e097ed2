import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createAgentClient, type Dial, dialThrough } from '../../src/client/agent.ts';
import { AgentFailure } from '../../src/client/agent-failure.ts';
import type { AgentState } from '../../src/status/state.ts';

const STATE: AgentState = {
  schema: 1,
  cluster: 'c',
  director: 'lb1',
  at: 1,
  release: 'r',
  version: 'v',
  startedAt: 0,
  config: { hash: 'h', generation: 1, error: null },
  vrrp: { alive: true, latenessMs: { last: 0, worst: 0 }, instances: [] },
  ipvs: { inSync: true, error: null, leaving: [], services: [] },
  checks: [],
  overrides: [],
  alarms: [],
};

const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

function listening(server: Server): Promise<Dial> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  endings.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve(async () => connect((server.address() as AddressInfo).port, '127.0.0.1')),
    );
  });
}

const agentThat = (listener: RequestListener): Promise<Dial> => listening(createHttpServer(listener));

/** Answers each connection with these bytes, whatever was asked, and leaves it open unless told otherwise. */
const agentSaying = (text: string, end = true): Promise<Dial> =>
  listening(
    createServer((socket) => {
      socket.once('data', () => {
        socket.write(text);
        if (end) socket.end();
      });
    }),
  );

async function failure(work: Promise<unknown>): Promise<AgentFailure> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AgentFailure);
  return error as AgentFailure;
}

describe('a request to an agent', () => {
  it('carries method, path and body, and brings back status and JSON', async () => {
    const dial = await agentThat((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.statusCode = 202;
        response.end(JSON.stringify([request.method, request.url, JSON.parse(Buffer.concat(chunks).toString())]));
      });
    });
    const answer = await createAgentClient('lb1', dial).request('PUT', '/v1/config?x=1', { name: 'é' });
    expect(answer).toEqual({ status: 202, json: ['PUT', '/v1/config?x=1', { name: 'é' }] });
  });

  it('takes an answer without a body', async () => {
    const dial = await agentThat((_request, response) => response.writeHead(204).end());
    expect(await createAgentClient('lb1', dial).request('POST', '/v1/yield')).toEqual({ status: 204, json: undefined });
  });

  it('believes a state only when it is one', async () => {
    const good = await agentThat((_request, response) => response.end(JSON.stringify({ ...STATE, added: 'later' })));
    expect(await createAgentClient('lb1', good).state()).toEqual(STATE);
    const bad = await agentThat((_request, response) => response.end(JSON.stringify({ ...STATE, at: 'noon' })));
    expect((await failure(createAgentClient('lb1', bad).state())).message).toMatch(
      /^lb1: the agent's answer cannot be understood: at: /,
    );
    const refused = await agentThat((_request, response) => response.writeHead(503).end('{"error":"starting"}'));
    expect((await failure(createAgentClient('lb1', refused).state())).message).toBe(
      'lb1: the agent refused (503): starting',
    );
  });

  it.each([
    ['no HTTP', 'hello there\r\n\r\n'],
    ['nothing', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"'],
    ['no JSON', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['a chunk of nonsense', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
  ])('fails in one sentence when the answer is %s', async (_what, text) => {
    const error = await failure(createAgentClient('lb1', await agentSaying(text)).request('GET', '/'));
    expect(error.reason.kind).toBe('malformed');
    expect(error.message).toMatch(/^lb1: [^\n]{1,200}$/);
    expect(error.code).toBe(2);
  });

  it('bounds a body that never ends', async () => {
    const dial = await agentThat((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 0x20)));
        response.once('drain', more);
      };
      more();
    });
    expect((await failure(createAgentClient('lb1', dial).request('GET', '/'))).reason.kind).toBe('too-large');
  });

  it('ends by its time limit and by its signal, whatever it waits for', async () => {
    const silent = await agentSaying('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', false);
    const client = createAgentClient('lb1', silent);
    expect((await failure(client.request('GET', '/', undefined, { timeoutMs: 100 }))).message).toBe(
      'lb1: the agent did not answer within 0.1 s',
    );
    const abort = new AbortController();
    const waiting = failure(client.request('GET', '/', undefined, { signal: abort.signal }));
    setImmediate(() => abort.abort());
    expect((await waiting).code).toBe(130);
  });

  it('says that the agent does not run, or is not there, from the words of what carried the stream', async () => {
    const carrier =
      (stderr: string): Dial =>
      async () => {
        throw Object.assign(new Error('x'), { code: 2, hints: [], facts: { reason: { kind: 'shell-ended', stderr } } });
      };
    const stopped = await failure(
      createAgentClient('lb1', carrier('lvs-agent stdio: connect /run/x: No such file or directory')).state(),
    );
    expect(stopped.message).toBe(
      'lb1: the agent does not run (lvs-agent stdio: connect /run/x: No such file or directory)',
    );
    const absent = await failure(
      createAgentClient('lb1', carrier('sh: 1: exec: /opt/lvs-agent/current/stdio: not found')).state(),
    );
    expect(absent.message).toBe('lb1: there is no agent on it');
  });

  it('takes the words of a stream that has failed before it was used', async () => {
    const reason = { kind: 'shell-ended', stderr: 'stdio: connect: refused' };
    const dial: Dial = async () => new PassThrough().destroy(Object.assign(new Error('x'), { facts: { reason } }));
    expect((await failure(createAgentClient('lb1', dial).state())).message).toContain('the agent does not run');
  });

  it('lets the failure of a connection speak for itself', async () => {
    const lost = Object.assign(new Error('lb1: cannot be reached'), {
      code: 4,
      hints: [],
      facts: { reason: { kind: 'refused' } },
    });
    const client = createAgentClient('lb1', async () => {
      throw lost;
    });
    await expect(client.state()).rejects.toBe(lost);
  });

  it('asks the connection for the small copying program', async () => {
    const asked: (readonly string[])[] = [];
    const dial = dialThrough({
      open: async (argv) => {
        asked.push(argv);
        return undefined as unknown as Duplex;
      },
    });
    await dial({});
    expect(asked).toEqual([['/opt/lvs-agent/current/stdio', '/run/lvs-agent/control.sock']]);
  });
});

describe('a stream of events', () => {
  it('gives each line as it comes, however it is cut', async () => {
    const dial = await agentThat((_request, response) => {
      const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}\n{"c":3}');
      const send = (at: number): void => {
        if (at === bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => setImmediate(send, at + 1));
      };
      send(0);
    });
    const seen: unknown[] = [];
    for await (const event of createAgentClient('lb1', dial).stream('/v1/events')) seen.push(event);
    expect(seen).toEqual([{ a: 'é' }, { b: 2 }, { c: 3 }]);
  });

  it('ends quietly by its signal, and loudly when it is cut or refused', async () => {
    const endless = await agentThat((_request, response) => void response.write('{"n":1}\n'));
    const abort = new AbortController();
    const seen: unknown[] = [];
    for await (const event of createAgentClient('lb1', endless).stream('/v1/events', { signal: abort.signal })) {
      seen.push(event);
      abort.abort();
    }
    expect(seen).toEqual([{ n: 1 }]);
    const cut = await agentThat((_request, response) => {
      response.write('{"n":1}\n', () => response.destroy());
    });
    const read = async (dial: Dial): Promise<void> => {
      for await (const _event of createAgentClient('lb1', dial).stream('/v1/events'));
    };
    expect((await failure(read(cut))).reason.kind).toBe('malformed');
    const refused = await agentThat((_request, response) => response.writeHead(404).end('{"error":"no such thing"}'));
    expect((await failure(read(refused))).message).toBe('lb1: the agent refused (404): no such thing');
  });
});
