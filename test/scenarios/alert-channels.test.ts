/** Mail and webhook against real servers on loopback: what they are sent, and what is said when they do not take it. */
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mailChannel } from '../../src/agent/alerts/mail.ts';
import { webhookChannel } from '../../src/agent/alerts/webhook.ts';
import type { AlertsConfig } from '../../src/config/config.ts';
import { alert as alertSchema } from '../../src/status/alert.ts';
import { alert } from '../agent/alerts/alert.ts';
import { type Certificate, SmtpServer, selfSigned } from './smtp-server.ts';

const never = new AbortController().signal;
const literal = (value: string) => ({ source: 'literal', value }) as const;
let certificate: Certificate;
beforeAll(() => {
  certificate = selfSigned();
});
const trust = () => createSecureContext({ ca: certificate.cert });

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function smtp(options: ConstructorParameters<typeof SmtpServer>[0] = {}): Promise<SmtpServer> {
  const server = await new SmtpServer(options).start();
  closing.push(() => server.stop());
  return server;
}

type Smtp = NonNullable<AlertsConfig['smtp']>;
const settings = (port: number, change: Partial<Smtp> = {}): Smtp => ({
  server: '127.0.0.1',
  port,
  from: 'lvs@example.com',
  to: ['ops@example.com', 'boss@example.com'],
  helo: null,
  tls: 'none',
  user: null,
  password: null,
  timeoutMs: 10_000,
  ...change,
});
const LOGIN = { user: 'lvs', password: literal('hunter2') };
const mail = (port: number, change: Partial<Smtp> = {}) => mailChannel(settings(port, change), 'lb1', trust);

describe('mail', () => {
  it('is one message however many alerts there are, and says who sends it', async () => {
    const server = await smtp();
    expect(
      await mail(server.port).send([alert('1', { cause: 'größer → kleiner' }), alert('2')], never),
    ).toBeUndefined();
    expect(server.taken).toHaveLength(1);
    const { helo, secure, login, from, to, data } = server.taken[0]!;
    expect({ helo, secure, login, from, to }).toEqual({
      helo: 'lb1',
      secure: false,
      login: null,
      from: 'lvs@example.com',
      to: ['ops@example.com', 'boss@example.com'],
    });
    expect(data).toMatch(/^Subject: \[shop\] 2 alerts of lb1, the last: /m);
    expect(data).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(data).toMatch(/^Message-ID: <1\.2@example\.com>$/im);
    expect(data.replaceAll('=\n', '')).toContain(
      '2026-11-21 09:38:50 UTC  public is MASTER on lb1, was BACKUP: gr=C3=B6=C3=9Fer',
    );
  });

  it('goes by STARTTLS, with a login', async () => {
    const server = await smtp({ tls: certificate });
    await mail(server.port, { tls: 'starttls', helo: 'lb.example.com', ...LOGIN }).send([alert('1')], never);
    expect(server.taken).toMatchObject([{ helo: 'lb.example.com', secure: true, login: 'lvs:hunter2' }]);
  });

  it('goes by TLS from the first byte', async () => {
    const server = await smtp({ tls: certificate, implicit: true });
    await mail(server.port, { tls: 'required', ...LOGIN }).send([alert('1')], never);
    expect(server.taken).toMatchObject([{ secure: true, login: 'lvs:hunter2' }]);
  });

  it('is not sent without TLS where TLS is wanted, nor to somebody without a certificate that is believed', async () => {
    const plain = await smtp();
    await expect(mail(plain.port, { tls: 'starttls', ...LOGIN }).send([alert('1')], never)).rejects.toThrow(
      /STARTTLS/i,
    );
    const server = await smtp({ tls: certificate });
    const strict = mailChannel(settings(server.port, { tls: 'starttls', ...LOGIN }), 'lb1');
    await expect(strict.send([alert('1')], never)).rejects.toThrow(/self-signed certificate/);
    expect([...plain.taken, ...server.taken]).toEqual([]);
  });

  it('that is refused for some is taken for the others, and says for whom it was refused', async () => {
    const server = await smtp();
    server.unknown.add('boss@example.com');
    expect(await mail(server.port).send([alert('1')], never)).toBe('refused for boss@example.com');
    expect(server.taken[0]?.to).toEqual(['ops@example.com']);
  });

  it('fails where the server is busy, refuses the login, or is not there; never with the password in its words', async () => {
    const server = await smtp();
    server.behaviour = 'busy';
    await expect(mail(server.port).send([alert('1')], never)).rejects.toThrow(/451 try again later/);
    server.behaviour = 'quote';
    const refused = await mail(server.port, LOGIN)
      .send([alert('1')], never)
      .catch((error: Error) => error.message);
    expect(refused).toMatch(/535 cannot make anything of AUTH PLAIN \*\*\*/);
    await server.stop();
    await expect(mail(server.port).send([alert('1')], never)).rejects.toThrow(/ECONNREFUSED/);
  });

  it('ends with its time, and with the agent', async () => {
    const server = await smtp();
    server.behaviour = 'silent';
    await expect(mail(server.port, { timeoutMs: 300 }).send([alert('1')], never)).rejects.toThrow(
      'it was not taken within 0.3 s',
    );
    const aborter = new AbortController();
    const pending = mail(server.port).send([alert('1')], aborter.signal);
    await expect.poll(() => server.connections).toBe(2);
    aborter.abort();
    await expect(pending).rejects.toThrow();
  });
});

interface Posted {
  readonly method: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: unknown;
}

async function hook(status = 204): Promise<{ port: number; posted: Posted[]; server: Server }> {
  const posted: Posted[] = [];
  const answer: RequestListener = (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      posted.push({ method: request.method ?? '', headers: request.headers, body: JSON.parse(text) });
      response.writeHead(status, { Location: '/elsewhere' }).end('x'.repeat(100));
    });
  };
  const server = createHttp(answer);
  return { port: await listening(server), posted, server };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a webhook', () => {
  it('is sent each alert as JSON of its schema, with the headers that were given', async () => {
    const { port, posted } = await hook();
    const headers = { authorization: literal('Bearer t0ken'), 'x-team': literal('ops') };
    const channel = webhookChannel({ url: `http://127.0.0.1:${port}/hook?key=s3cret`, headers });
    await channel.send([alert('1')], never);
    expect(posted).toMatchObject([
      {
        method: 'POST',
        headers: { authorization: 'Bearer t0ken', 'x-team': 'ops', 'content-type': 'application/json' },
        body: { schema: 1, id: '1', cluster: 'shop', director: 'lb1', from: 'BACKUP', to: 'MASTER' },
      },
    ]);
    expect(alertSchema.strict().parse(posted[0]?.body)).toEqual(alert('1'));
    expect(channel.target).toBe(`127.0.0.1:${port}`);
  });

  it.each([
    [302, 'it answers 302, and redirects are not followed'],
    [500, 'it answers 500'],
    [401, 'it answers 401'],
  ])('that answers %i has not taken it', async (status, message) => {
    const { port } = await hook(status);
    await expect(
      webhookChannel({ url: `http://127.0.0.1:${port}/`, headers: {} }).send([alert('1')], never),
    ).rejects.toThrow(message);
  });

  it('is verified where it speaks TLS', async () => {
    const server = createHttps({ ...certificate }, (_request, response) => response.end()) as unknown as Server;
    const url = `https://127.0.0.1:${await listening(server)}/t0ken`;
    await webhookChannel({ url, headers: {} }, trust).send([alert('1')], never);
    await expect(webhookChannel({ url, headers: {} }).send([alert('1')], never)).rejects.toThrow(
      /^self-signed certificate/,
    );
  });

  it('that never answers is left with the agent', async () => {
    let isAsked = false;
    const server = createHttp(() => {
      isAsked = true;
    });
    const aborter = new AbortController();
    const url = `http://127.0.0.1:${await listening(server)}/`;
    const pending = webhookChannel({ url, headers: {} }).send([alert('1')], aborter.signal);
    await expect.poll(() => isAsked).toBe(true);
    aborter.abort();
    await expect(pending).rejects.toThrow();
  });

  it('that is gone, or a header that cannot be sent, is a failure without secrets', async () => {
    const { port, server } = await hook();
    server.close();
    await expect.poll(() => canConnect(port)).toBe(false);
    const gone = webhookChannel({ url: `http://127.0.0.1:${port}/hook?key=s3cret`, headers: {} });
    await expect(gone.send([alert('1')], never)).rejects.toThrow(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
    const bad = webhookChannel({ url: 'http://127.0.0.1:9/', headers: { 'x-key': literal('s3cret\n') } });
    const message = await bad.send([alert('1')], never).catch((error: Error) => error.message);
    expect(message).toMatch(/header/);
    expect(message).not.toContain('s3cret');
  });
});

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
