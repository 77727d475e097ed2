import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CheckConfig } from '../../src/config/service.ts';
import { FakePeerSockets } from '../../src/kernel/fake-peer-sockets.ts';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import { probeMaker } from '../../src/probes/probe.ts';
import type { Address } from '../../src/wire/address.ts';
import { Servers } from './servers.ts';
import { checkOf, probeOf, specOf } from './spec.ts';

/** Servers that fail in the ways that real ones do. */
const servers = new Servers();
const { sockets } = servers;
afterEach(() => servers.close());

/** Answers every request with these bytes, then does what `after` says. */
function answering(bytes: string | Buffer, after: (socket: Socket) => void = (socket) => socket.end()) {
  return (socket: Socket): void => {
    socket.once('data', () => socket.write(bytes, () => after(socket)));
  };
}

const ask = (check: CheckConfig, port: number) => probeOf(specOf(check, port))(new AbortController().signal);
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb1\n';

describe('tcp', () => {
  it('passes where somebody accepts, and leaves no connection there', async () => {
    const closed = Promise.withResolvers<void>();
    const port = await servers.serve((socket) => socket.on('close', () => closed.resolve()));
    expect(await ask(checkOf({ kind: 'tcp' }), port)).toMatchObject({ ok: true });
    await closed.promise;
    expect(sockets.size).toBe(0);
  });

  it('says that the connection was refused', async () => {
    const port = await servers.serve(() => {});
    await servers.close();
    expect(await ask(checkOf({ kind: 'tcp' }), port)).toMatchObject({
      ok: false,
      error: `127.0.0.1:${port} refused the connection`,
    });
  });

  it('says that nobody answered while connecting, at its timeout', async () => {
    // A listener that accepts nothing: once its queue is full the kernel drops further SYNs.
    const script = `const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, s.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20000);
    });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = await once(child.stdout, 'data');
      const port = Number(String(line));
      for (let index = 0; index < 4; index++) sockets.add(connect(port, '127.0.0.1').on('error', () => {}));
      await expect
        .poll(() => ask(checkOf({ kind: 'tcp' }, { timeoutMs: 100 }), port))
        .toMatchObject({ ok: false, error: `127.0.0.1:${port} did not answer within 100 ms (while connecting)` });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends at once when it is aborted', async () => {
    const aborter = new AbortController();
    const pending = probeOf(specOf(checkOf({ kind: 'http' }), await servers.serve(() => {})))(aborter.signal);
    aborter.abort();
    expect(await pending).toMatchObject({ ok: false, error: 'the probe was stopped' });
  });
});

describe('http', () => {
  const md5 = createHash('md5').update('web1\n').digest('hex');
  const sha256 = createHash('sha256').update('web1\n').digest('hex');
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nweb\r\n2;x=y\r\n1\n\r\n0\r\n\r\n';
  it.each<[string, string, Partial<Extract<CheckConfig, { kind: 'http' }>>]>([
    ['a plain answer', OK, {}],
    [
      'status outside 2xx when asked for',
      'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
      { status: [[404, 404]] },
    ],
    ['an answer that ends with the connection', 'HTTP/1.0 200 OK\r\n\r\nweb1\n', { md5 }],
    ['a chunked answer', chunked, { md5, sha256, body: '^web1\\s$' }],
    ['an interim response first', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`, { body: 'web1' }],
    ['the right MD5, in capitals', OK, { md5: md5.toUpperCase() }],
    ['an answer to HEAD, which has no body', 'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n', { method: 'HEAD' }],
    ['a status without a reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', {}],
  ])('passes %s', async (_title, bytes, want) => {
    const port = await servers.serve(answering(bytes));
    expect(await ask(checkOf({ kind: 'http', ...want }), port)).toMatchObject({ ok: true });
  });

  it.each<[string, (socket: Socket) => void, RegExp, Partial<Extract<CheckConfig, { kind: 'http' }>>?]>([
    [
      '502',
      answering('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'),
      /answered 502 Bad Gateway, expected 200–299$/,
    ],
    [
      'accepts and says nothing',
      () => {},
      /did not answer within 1000 ms \(the connection was accepted, but nothing came\)$/,
    ],
    [
      'stops in the body',
      answering(OK.slice(0, -2), () => {}),
      /did not answer within 1000 ms \(while reading the body\)$/,
    ],
    [
      'closes in the body',
      answering(OK.slice(0, -2)),
      /in the middle of the answer \(after 3 of 5 bytes of the body\)$/,
    ],
    [
      'closes in the headers',
      answering('HTTP/1.1 200 OK\r\nServ'),
      /closed the connection in the middle of the headers$/,
    ],
    ['closes in a chunk', answering(chunked.slice(0, -8)), /in the middle of the answer/],
    ['closes without a word', (socket) => socket.end(), /closed the connection without an answer$/],
    ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), /reset the connection \(/],
    ['speaks SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), /does not speak HTTP$/],
    [
      'sends endless headers',
      answering(`HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(5000)}`, () => {}),
      /more than 16384 bytes of headers$/,
    ],
    ['sends a wrong length', answering('HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\n'), /malformed Content-Length$/],
    ['sends a bad chunk', answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'), /malformed chunk$/],
    ['sends another body', answering(OK), /MD5 [0-9a-f]{32}, expected 0{32}$/, { md5: '0'.repeat(32) }],
    [
      'sends another body for SHA-256',
      answering(OK),
      /SHA-256 [0-9a-f]{64}, expected 0{64}$/,
      { sha256: '0'.repeat(64) },
    ],
    ['lacks the text', answering(OK), /does not match \/web2\/$/, { body: 'web2' }],
  ])('fails a server that %s', async (_title, behave, error, want = {}) => {
    const port = await servers.serve(behave);
    const result = await ask(checkOf({ kind: 'http', ...want }, { timeoutMs: 1_000 }), port);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error).toMatch(error);
    expect(!result.ok && result.error).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} `));
  });

  it('does not blame the server for a stall of this process', async () => {
    const port = await servers.serve(answering(OK));
    const pending = ask(checkOf({ kind: 'tcp' }, { timeoutMs: 20 }), port);
    const until = performance.now() + 60;
    while (performance.now() < until);
    expect(await pending).toMatchObject({ ok: true });
  });

  it('does not wait for the end of a body that nobody asks about', async () => {
    const port = await servers.serve(
      answering(`HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n${'x'.repeat(400_000)}`, () => {}),
    );
    expect(await ask(checkOf({ kind: 'http' }), port)).toMatchObject({ ok: true });
  });

  it('sends one request, with the host, the headers and the method of the check', async () => {
    const seen = Promise.withResolvers<string>();
    const port = await servers.serve((socket) => {
      socket.once('data', (data) => seen.resolve(data.toString()));
      answering(OK)(socket);
    });
    const headers = { 'X-Probe': 'a\r\nInjected: b', accept: 'text/plain' };
    await ask(checkOf({ kind: 'http', host: 'shop.example', method: 'OPTIONS', path: '/h?x', headers }), port);
    expect(await seen.promise).toBe(
      'OPTIONS /h?x HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: lvs-agent\r\naccept: text/plain\r\n' +
        'X-Probe: a Injected: b\r\nConnection: close\r\n\r\n',
    );
  });

  it('asks from the address that the check names', async () => {
    const seen = Promise.withResolvers<string | undefined>();
    const port = await servers.serve((socket) => {
      seen.resolve(socket.remoteAddress);
      answering(OK)(socket);
    });
    const target = { address: null, port: null, from: { address: '127.0.0.77', port: 0 }, mark: null, via: 'rip' };
    await ask({ ...checkOf({ kind: 'http' }), target } as CheckConfig, port);
    expect(await seen.promise).toBe('127.0.0.77');
  });
});

describe('https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'probe-tls-'));
  let tls: { key: Buffer; cert: Buffer };
  beforeAll(() => {
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example', '-days', '10'];
    const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', [...kind, ...files, ...subject], { stdio: 'ignore' });
    tls = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function serveTls(seen: (servername: string | false) => void = () => {}): Promise<number> {
    return servers.listen(
      createTlsServer(tls, (socket) => {
        seen(socket.servername ?? false);
        sockets.add(socket);
        socket.on('error', () => {});
        socket.once('data', () => socket.end(OK));
      }),
    );
  }
  const unverified = { kind: 'https', verify: false } as const;

  it('passes with verification off, and sends the name asked for', async () => {
    const seen = Promise.withResolvers<string | false>();
    const port = await serveTls(seen.resolve);
    expect(await ask(checkOf({ ...unverified, sni: 'shop.example', body: 'web1' }), port)).toMatchObject({ ok: true });
    expect(await seen.promise).toBe('shop.example');
  });

  it('refuses a self-signed certificate', async () => {
    const result = await ask(checkOf({ kind: 'https', sni: 'shop.example' }), await serveTls());
    expect(!result.ok && result.error).toMatch(/has a self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
  });

  it('refuses a certificate that expires soon', async () => {
    const check = checkOf({ ...unverified, expiresWithinMs: 30 * 86_400_000 });
    const result = await ask(check, await serveTls());
    expect(!result.ok && result.error).toMatch(/has a certificate that expires on \d{4}-\d\d-\d\d$/);
  });

  it('says that a server which accepts and says nothing hangs in the handshake', async () => {
    const result = await ask(checkOf(unverified, { timeoutMs: 1_000 }), await servers.serve(() => {}));
    expect(!result.ok && result.error).toMatch(/did not answer within 1000 ms \(during the TLS handshake\)$/);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closes', (socket) => socket.once('data', () => socket.end())],
    ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['speaks plain HTTP', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))],
  ])('fails a server that %s in the handshake', async (_title, behave) => {
    const result = await ask(checkOf(unverified, { timeoutMs: 8_000 }), await servers.serve(behave));
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error).not.toMatch(/within 8000 ms/);
  });
});

it('with a mark asks by sockets that can have one, and says the same', async () => {
  const streams = new FakeStreams();
  const means = { streams, sockets: new FakePeerSockets(), runScript: () => Promise.reject(new Error('no scripts')) };
  const check = checkOf({ kind: 'http', path: '/' });
  const target = { ...check.target, mark: 7, from: { address: '127.0.0.1' as Address, port: 0 } };
  const asked = (port: number) => probeMaker(means)(specOf({ ...check, target }, port))(new AbortController().signal);
  const port = await servers.serve((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n')),
  );
  expect(await asked(port)).toMatchObject({ ok: true });
  expect(streams.targets).toEqual([{ address: '127.0.0.1', port, mark: 7, from: { address: '127.0.0.1', port: 0 } }]);
  expect(await asked(9)).toMatchObject({ ok: false, error: '127.0.0.1:9 refused the connection' });
});
