/** The system's authorities are believed, and with them one that the director's owner added. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, expect, it } from 'vitest';
import { selfSigned } from '../scenarios/smtp-server.ts';
import { checkOf, probeOf, specOf } from './spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'trust-'));
const before = process.env['SSL_CERT_FILE'];
afterAll(() => {
  if (before === undefined) delete process.env['SSL_CERT_FILE'];
  else process.env['SSL_CERT_FILE'] = before;
  rmSync(folder, { recursive: true });
});

it('believes an authority of the system that Node does not bring', async () => {
  const certificate = selfSigned();
  writeFileSync(join(folder, 'roots.pem'), certificate.cert);
  process.env['SSL_CERT_FILE'] = join(folder, 'roots.pem'); // read with the first need, which is here
  const server = createServer(certificate, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const probe = probeOf(specOf(checkOf({ kind: 'https' }), (server.address() as AddressInfo).port));
    expect(await probe(new AbortController().signal)).toMatchObject({ ok: true });
  } finally {
    server.close();
  }
});
