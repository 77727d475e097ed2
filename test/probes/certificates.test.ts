/** TLS servers whose certificates come from an authority that the system believes, and are wrong in other ways. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Servers } from './servers.ts';
import { checkOf, probeOf, specOf } from './spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
const before = process.env['SSL_CERT_FILE'];
const openssl = (...words: string[]): void => {
  execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
};
const servers = new Servers();

beforeAll(() => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-days', '2', '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=root');
  openssl('req', ...key, '-keyout', 'key', '-out', 'request', '-subj', '/CN=shop.example', '-addext', NAME);
  const sign = ['x509', '-req', '-in', 'request', '-CA', 'root.pem', '-CAkey', 'root.key', '-copy_extensions', 'copy'];
  openssl(...sign, '-days', '2', '-out', 'valid');
  openssl(...sign, '-days', '-1', '-out', 'expired');
  process.env['SSL_CERT_FILE'] = join(folder, 'root.pem'); // read with the first need, which comes later
});
afterEach(() => servers.close());
afterAll(() => {
  if (before === undefined) delete process.env['SSL_CERT_FILE'];
  else process.env['SSL_CERT_FILE'] = before;
  rmSync(folder, { recursive: true });
});

const NAME = 'subjectAltName=DNS:shop.example';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nweb1\n';

async function ask(certificate: 'valid' | 'expired', options: object, answer = OK): Promise<string> {
  const [key, cert] = ['key', certificate].map((name) => readFileSync(join(folder, name)));
  const server = createServer({ key: key!, cert: cert! }, (socket) => {
    servers.keep(socket);
    socket.once('data', () => socket.end(answer));
  });
  const check = checkOf({ kind: 'https', sni: 'shop.example', ...options });
  const result = await probeOf(specOf(check, await servers.listen(server)))(new AbortController().signal);
  return result.ok ? 'passed' : result.error;
}

describe('https', () => {
  it('passes a valid certificate, and without verification any', async () => {
    expect(await ask('valid', {})).toBe('passed');
    expect(await ask('expired', { verify: false })).toBe('passed');
  });

  it.each<[string, 'valid' | 'expired', object, RegExp, string?]>([
    ['an expired certificate', 'expired', {}, /has a certificate that has expired \(CERT_HAS_EXPIRED\)$/],
    ['a certificate for another name', 'valid', { sni: 'www.example' }, /has a certificate for another name \(/],
    ['one that expires soon', 'valid', { expiresWithinMs: 3 * 86_400_000 }, /a certificate that expires on \d{4}-/],
    ['another body', 'valid', { sha256: '0'.repeat(64) }, /sent a body with SHA-256 [0-9a-f]{64}, expected 0{64}$/],
    ['502', 'valid', {}, /answered 502 Bad Gateway, expected 200–299$/, 'HTTP/1.1 502 Bad Gateway\r\n\r\n'],
    ['an answer that ends in the middle', 'valid', {}, /in the middle of the answer/, OK.slice(0, -2)],
  ])('fails %s', async (_title, certificate, options, error, answer) => {
    expect(await ask(certificate, options, answer)).toMatch(error);
  });
});
