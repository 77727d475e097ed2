import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ResponseHead, ResponseReader } from '../../src/probes/http-response.ts';

interface Read {
  readonly head: ResponseHead | undefined;
  readonly body: string;
  readonly complete: boolean;
  readonly problem: string | undefined;
}

/** Feeds these parts, and the end of the connection when `ends`. */
function read(parts: readonly Buffer[], { method = 'GET', ends = false } = {}): Read {
  let head: ResponseHead | undefined;
  let body = '';
  const reader = new ResponseReader(
    method,
    (seen) => {
      head = seen;
    },
    (part) => {
      body += part.toString('latin1');
    },
  );
  let problem: string | undefined;
  for (const part of parts) problem ??= reader.push(part);
  if (ends) problem ??= reader.end();
  return { head, body, complete: reader.isComplete, problem };
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** As nginx 1.22 sent them, taken from the wire; the last is RFC 9112 section 7.1.3's form with a trailer. */
const RECORDED = {
  length:
    'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 09:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\nETag: "656f-5"\r\nAccept-Ranges: bytes\r\n\r\nweb1\n',
  error:
    'HTTP/1.1 502 Bad Gateway\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nContent-Length: 11\r\nConnection: close\r\n\r\n<html>\r\nx\r\n',
  chunked:
    'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nweb1\n\r\nA;ext="v"\r\n0123456789\r\n0\r\nExpires: 0\r\n\r\n',
} as const;

describe('a response', () => {
  it.each<[keyof typeof RECORDED, number, string]>([
    ['length', 200, 'web1\n'],
    ['error', 502, '<html>\r\nx\r\n'],
    ['chunked', 200, 'web1\n0123456789'],
  ])('recorded: %s', (name, status, body) => {
    const seen = read([bytes(RECORDED[name])]);
    expect(seen).toMatchObject({ head: { status }, body, complete: true, problem: undefined });
    expect(seen.head?.headers.get('server')).toBe('nginx/1.22.1');
  });

  it.each(Object.values(RECORDED))('is the same however it is cut: %#', (text) => {
    const whole = read([bytes(text)]);
    for (let at = 1; at < text.length; at++)
      expect(read([bytes(text.slice(0, at)), bytes(text.slice(at))])).toEqual(whole);
    expect(read([...text].map(bytes))).toEqual(whole);
  });

  it('is complete before what follows it', () => {
    expect(read([bytes(`${RECORDED.length}HTTP/1.1 500 No\r\n\r\n`)])).toMatchObject({
      body: 'web1\n',
      complete: true,
    });
  });

  it.each<[string, string]>([
    ['', 'closed the connection without an answer'],
    ['HTTP/1.1 200', 'closed the connection in the middle of the headers'],
    ['HTTP/1.1 200 OK\r\nA: b\r\n', 'closed the connection in the middle of the headers'],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab',
      'closed the connection in the middle of the answer (after 2 of 5 bytes of the body)',
    ],
    [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
      'closed the connection in the middle of the answer (after 2 bytes of the body)',
    ],
    ['<html>', 'does not speak HTTP'],
    ['HTTP/2.0 200 OK\r\n\r\n', 'does not speak HTTP'],
    ['HTTP/1.1 99 Low\r\n\r\n', 'does not speak HTTP'],
    ['HTTP/1.1 2000 High\r\n\r\n', 'does not speak HTTP'],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'sent a malformed header'],
    ['HTTP/1.1 200 OK\r\n folded: x\r\n\r\n', 'sent a malformed header'],
    ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', 'sent a malformed Content-Length'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n', 'sent a malformed Content-Length'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n\r\n', 'sent a malformed Content-Length'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n', 'sent a malformed chunk'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc', 'sent a malformed chunk'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n', 'sent a malformed chunk'],
    [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1'.repeat(2_000)}`, 'sent a malformed chunk'],
    [`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(20_000)}`, 'sent more than 16384 bytes of headers'],
  ])('is refused when it is %j', (text, problem) => {
    expect(read([bytes(text)], { ends: true }).problem).toBe(problem);
  });

  it('takes equal repeated lengths for one, and a body until the end without any', () => {
    const twice = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab';
    expect(read([bytes(twice)])).toMatchObject({ body: 'ab', complete: true });
    const none = read([bytes('HTTP/1.0 200 OK\r\n\r\nab'), bytes('cd')], { ends: true });
    expect(none).toMatchObject({ body: 'abcd', complete: true, problem: undefined });
  });

  it.each([204, 304])('%i has no body', (status) => {
    expect(read([bytes(`HTTP/1.1 ${status} X\r\nContent-Length: 7\r\n\r\n`)])).toMatchObject({ complete: true });
  });

  it('comes back whole, whatever its status, headers, body and cuts', () => {
    const token = fc
      .stringMatching(/^[A-Za-z-]{1,12}$/)
      .filter((name) => !/^(content-length|transfer-encoding)$/i.test(name));
    const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.dictionary(token, fc.stringMatching(/^[!-~]{0,20}$/)),
        parts,
        fc.boolean(),
        cuts,
        (status, headers, body, isChunked, at) => {
          fc.pre(status !== 204 && status !== 304);
          const whole = Buffer.concat(body);
          const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${whole.length}`;
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
          const chunks = [
            ...body.map((part) => Buffer.concat([bytes(`${part.length.toString(16)}\r\n`), part, bytes('\r\n')])),
            bytes('0\r\n\r\n'),
          ];
          const text = Buffer.concat([
            bytes(`HTTP/1.1 ${status} R\r\n${lines.join('')}${framing}\r\n\r\n`),
            ...(isChunked ? chunks : [whole]),
          ]);
          const edges = [...at.map((one) => Math.min(one, text.length)), 0, text.length].sort((a, b) => a - b);
          const seen = read(edges.slice(1).map((edge, index) => text.subarray(edges[index], edge)));
          expect(seen).toMatchObject({
            head: { status },
            body: whole.toString('latin1'),
            complete: true,
            problem: undefined,
          });
        },
      ),
    );
  });

  it('never throws, whatever bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 })),
        (parts) =>
          void read(
            parts.map((part) => Buffer.from(part)),
            { ends: true },
          ),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 })),
        (parts) =>
          void read(
            [bytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), ...parts.map((part) => Buffer.from(part))],
            { ends: true },
          ),
      ),
    );
  });
});
