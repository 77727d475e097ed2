/** HTTP checks against nginx, in the ways that it fails itself and passes on the failures of what is behind it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';
import type { CheckConfig } from '../../src/config/service.ts';
import { checkOf } from '../probes/spec.ts';
import { ask, ProbedServer } from './probed-server.ts';

beforeAll(() => buildNative(), 60_000);

const PAGE = 'ok: all is well\n';
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** One process, as whoever runs the tests: workers of another user would need root. */
const config = (port: number, behind: number): string => `master_process off;
pid nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  default_type text/plain;
  # as it comes, not when it is whole
  proxy_buffering off;
  server {
    listen 127.0.0.1:${port};
    location = / { return 200 "${PAGE.replace('\n', '\\n')}"; }
    location = /moved { return 301 /; }
    location = /busy { return 503; }
    location = /slammed { return 444; }
    # nobody listens there: the application has died
    location = /dead { proxy_pass http://127.0.0.1:9/; }
    location /behind/ { proxy_pass http://127.0.0.1:${behind}/; proxy_read_timeout 1s; }
  }
}
`;

/** An application behind it, by the first line of the request: each way of not answering properly. */
function answer(line: string, socket: Socket): void {
  const head = (length: number) => `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`;
  if (line.includes('/short')) socket.end(`${head(100)}only a part`);
  if (line.includes('/torn')) socket.write(`${head(100)}only a part`, () => socket.resetAndDestroy());
  if (line.includes('/whole')) socket.end(`${head(PAGE.length)}${PAGE}`);
  if (line.includes('/nothing')) socket.end();
  if (line.includes('/late')) setTimeout(() => socket.end(`${head(PAGE.length)}${PAGE}`), 700);
  // what comes to /silent waits for ever
}

let behind: Server;
let server: ProbedServer;
const open = new Set<Socket>();

const http = (path: string, more: Partial<Extract<CheckConfig, { kind: 'http' }>> = {}, timeoutMs = 5_000) =>
  checkOf({ kind: 'http', path, ...more }, { timeoutMs });

beforeAll(async () => {
  behind = createServer((socket) => {
    open.add(socket.on('error', () => {}).on('close', () => open.delete(socket)));
    socket.once('data', (data) => answer(String(data).split('\r\n')[0] ?? '', socket));
  }).listen(0, '127.0.0.1');
  await once(behind, 'listening');
  const address = behind.address();
  const behindPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  server = await ProbedServer.start(
    { command: "nginx -p . -c conf -e stderr -g 'daemon off;'", config: (port) => config(port, behindPort) },
    async (port) => (await ask(http('/'), port)) === 'passed',
  );
});
afterAll(async () => {
  await server?.stop();
  for (const socket of open) socket.destroy();
  behind?.close();
});

describe('passes', () => {
  it.each<[string, CheckConfig]>([
    ['a page', http('/')],
    ['its MD5, in either case', http('/', { md5: md5(PAGE).toUpperCase() })],
    ['its SHA-256', http('/', { sha256: sha256(PAGE) })],
    ['a pattern', http('/', { body: '^ok: ' })],
    ['HEAD', http('/', { method: 'HEAD' })],
    ['a redirection that is wanted', http('/moved', { status: [[301, 301]] })],
    ['what comes from behind it', http('/behind/whole', { sha256: sha256(PAGE) })],
    ['an answer that is late, but not too late', http('/behind/late')],
  ])('%s', async (_what, check) => {
    expect(await ask(check, server.port)).toBe('passed');
  });
});

describe('fails', () => {
  it.each<[string, CheckConfig, RegExp]>([
    ['502: nobody listens behind it', http('/dead'), /^answered 502 Bad Gateway, expected 200–299$/],
    ['502: the application hangs up', http('/behind/nothing'), /^answered 502 Bad Gateway, expected 200–299$/],
    ['504: the application says nothing', http('/behind/silent'), /^answered 504 Gateway Time-out, expected 200–299$/],
    ['503', http('/busy'), /^answered 503 Service Temporarily Unavailable, expected 200–299$/],
    ['a redirection', http('/moved'), /^answered 301 Moved Permanently, expected 200–299$/],
    ['no such page', http('/none'), /^answered 404 Not Found, expected 200–299$/],
    [
      'an end in the middle of the page',
      http('/behind/short'),
      /^closed the connection in the middle of the answer \(after 11 of 100 bytes of the body\)$/,
    ],
    [
      'a reset in the middle of the page',
      http('/behind/torn'),
      /^closed the connection in the middle of the answer \(after \d+ of 100 bytes of the body\)$/,
    ],
    [
      'a connection that is closed without an answer (444)',
      http('/slammed'),
      /^closed the connection without an answer$/,
    ],
    ['an answer after the timeout', http('/behind/late', {}, 300), /^did not answer within 300 ms/],
    [
      'another page than expected',
      http('/', { md5: md5('other') }),
      new RegExp(`^sent a body with MD5 ${md5(PAGE)}, expected ${md5('other')}$`),
    ],
    [
      'another page, by SHA-256',
      http('/', { sha256: sha256('other') }),
      new RegExp(`^sent a body with SHA-256 ${sha256(PAGE)}, `),
    ],
    ['a page without the pattern', http('/', { body: '^down' }), /^sent a body that does not match \/\^down\/$/],
  ])('%s', async (_what, check, error) => {
    expect(await ask(check, server.port)).toMatch(error);
  });

  it('while it hangs: the kernel accepts for it, and nothing comes', async () => {
    server.signal('SIGSTOP');
    try {
      expect(await ask(http('/', {}, 300), server.port)).toBe(
        'did not answer within 300 ms (the connection was accepted, but nothing came)',
      );
    } finally {
      server.signal('SIGCONT');
    }
    await expect.poll(() => ask(http('/'), server.port), { timeout: 20_000 }).toBe('passed');
  });

  it('when it is gone', async () => {
    await server.stop();
    await expect.poll(() => ask(http('/', {}, 300), server.port), { timeout: 20_000 }).toBe('refused the connection');
  });
});
