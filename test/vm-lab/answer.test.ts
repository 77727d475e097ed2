import { expect, it } from 'vitest';
import { readAnswer, requestText } from '../../vm-lab/load/answer.ts';

/** As nginx 1.22 sends it. */
const ANSWER = 'HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 5\r\nX-Host: web1\r\n\r\nweb1\n';

it('reads an answer, and leaves what follows to the next', () => {
  expect(readAnswer(ANSWER)).toEqual({ status: 200, body: 'web1\n', length: ANSWER.length });
  expect(readAnswer(`${ANSWER}HTTP/1.1 404`)?.length).toBe(ANSWER.length);
  expect(readAnswer(ANSWER.replace('200 OK', '502 Bad Gateway'))?.status).toBe(502);
});

it('waits for more, wherever the bytes were cut', () => {
  for (let length = 0; length < ANSWER.length; length += 1) expect(readAnswer(ANSWER.slice(0, length))).toBeUndefined();
});

it.each([
  'SSH-2.0-OpenSSH_9.2\r\n',
  '\0\0\0',
  'HTTP/1.1 200 OK\r\n\r\n',
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}`,
])('refuses what is no answer with a length: %j', (bytes) => {
  expect(() => readAnswer(bytes)).toThrow('not HTTP');
});

it('asks as a client does', () => {
  expect(requestText('10.77.1.100', '/index.html', 'close')).toBe(
    'GET /index.html HTTP/1.1\r\nHost: 10.77.1.100\r\nConnection: close\r\n\r\n',
  );
});
