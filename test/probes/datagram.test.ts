import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CheckConfig } from '../../src/config/service.ts';
import type { ProbeResult } from '../../src/health/verdict.ts';
import { type FakeAnswer, FakePeerSockets } from '../../src/kernel/fake-peer-sockets.ts';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import { probeMaker } from '../../src/probes/probe.ts';
import { internetChecksum } from '../../src/wire/checksum.ts';
import { Servers } from './servers.ts';
import { checkOf, specOf } from './spec.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const runScript = () => Promise.resolve({ exitCode: 0, problem: undefined });

function ask(
  check: CheckConfig,
  answer: (request: Uint8Array) => FakeAnswer,
  { address = '127.0.0.1', port = 5353, sockets = new FakePeerSockets(answer) } = {},
): Promise<ProbeResult> {
  return probeMaker({ sockets, streams: new FakeStreams(), runScript })(specOf(check, port, address))(
    new AbortController().signal,
  );
}

const FAST = { timeoutMs: 100 };
const failing = (error: RegExp) => ({ ok: false, error: expect.stringMatching(error) });

describe('udp', () => {
  const check = (expectHex: string | null) => checkOf({ kind: 'udp', sendHex: '3031', expectHex }, FAST);

  it('sends its bytes, and passes what begins as expected', async () => {
    const seen: Uint8Array[] = [];
    const answer = (request: Uint8Array) => {
      seen.push(request);
      return [hex('323334')];
    };
    expect(await ask(check('3233'), answer)).toMatchObject({ ok: true });
    expect(seen.map((one) => Buffer.from(one).toString('hex'))).toEqual(['3031']);
  });

  it.each<[string, string | null, FakeAnswer]>([
    ['any answer where none is expected', null, [hex('00')]],
    ['an answer that is just long enough', '3233', [hex('3233')]],
  ])('passes %s', async (_title, expectHex, answer) => {
    expect(await ask(check(expectHex), () => answer)).toMatchObject({ ok: true });
  });

  it.each<[string, string | null, FakeAnswer, RegExp]>([
    ['silence where an answer is expected', '32', [], /^127\.0\.0\.1:5353 did not answer within 100 ms$/],
    ['another answer', '32', [hex('33')], /^127\.0\.0\.1:5353 answered 0x33, expected 0x32 at the beginning$/],
    ['an answer that is too short', '3233', [hex('32')], /answered 0x32, expected 0x3233 at the beginning$/],
    ['an empty answer', '32', [hex('')], /answered an empty datagram, expected 0x32/],
    ['a long wrong answer, not all of which is shown', '32', [new Uint8Array(99)], /answered 0x(00){16}…, expected/],
    ['a closed port', null, 'ECONNREFUSED', /nobody listens on this port \(ICMP port unreachable, ECONNREFUSED\)$/],
    ['a host that is gone', null, 'EHOSTUNREACH', /^127\.0\.0\.1:5353 is unreachable: no route, nobody answers ARP/],
    ['an error without a sentence', null, 'EIO', /^127\.0\.0\.1:5353 failed: EIO$/],
  ])('fails %s', async (_title, expectHex, answer, error) => {
    expect(await ask(check(expectHex), () => answer)).toMatchObject(failing(error));
  });

  it('passes silence where none is expected, once a host that is gone would be known to be', async () => {
    vi.useFakeTimers();
    try {
      let result: ProbeResult | undefined;
      void ask(check(null), () => []).then((one) => {
        result = one;
      });
      await vi.advanceTimersByTimeAsync(3_500);
      expect(result).toBeUndefined();
      await vi.advanceTimersByTimeAsync(1_000);
      expect(result).toMatchObject({ ok: true });
    } finally {
      vi.useRealTimers();
    }
  });

  it('asks from where the check says', async () => {
    const sockets = new FakePeerSockets(() => [hex('32')]);
    const from = { address: '127.0.0.7', port: 99 };
    const whole = check('32');
    await ask({ ...whole, target: { ...whole.target, from } } as CheckConfig, () => [], { sockets });
    expect(sockets.peers).toEqual([{ kind: 'udp', address: '127.0.0.1', port: 5353, from, mark: null }]);
  });
});

/** What a server makes of a question: the same id, and these flags, counts and records behind the question. */
function dnsAnswer(request: Uint8Array, flags: string, ...records: string[]): Uint8Array {
  const id = Buffer.from(request.subarray(0, 2)).toString('hex');
  const question = Buffer.from(request.subarray(12)).toString('hex');
  return hex(
    `${id} ${flags} 0001 ${records.length.toString(16).padStart(4, '0')} 0000 0000 ${question} ${records.join('')}`,
  );
}

const A = (bytes: string): string => `c00c 0001 0001 00000e10 0004 ${bytes}`;
const CNAME = 'c00c 0005 0001 00000e10 0002 c010';
const MX = 'c00c 000f 0001 00000e10 0009 000a 04 4d61696c c010';
const TXT = 'c00c 0010 0001 00000e10 0004 01 61 01 62';

describe('dns', () => {
  const check = (type = 'A', wanted: string | null = null) =>
    checkOf({ kind: 'dns', name: 'WWW.example.', type, expect: wanted }, FAST);

  it.each<[string, string, string | null, (request: Uint8Array) => Uint8Array[]]>([
    ['an answer', 'A', null, (one) => [dnsAnswer(one, '8180', A('c0000201'))]],
    ['an empty answer without an error', 'A', null, (one) => [dnsAnswer(one, '8180')]],
    ['an answer that was cut short', 'A', null, (one) => [dnsAnswer(one, '8380')]],
    ['the address', 'A', '192.0.2.1', (one) => [dnsAnswer(one, '8180', A('c0000207'), A('c0000201'))]],
    ['the address behind a CNAME', 'A', '192.0.2.1', (one) => [dnsAnswer(one, '8180', CNAME, A('c0000201'))]],
    ['the address in what was cut short', 'A', '192.0.2.1', (one) => [dnsAnswer(one, '8380', A('c0000201'))]],
    ['a name in other letters', 'CNAME', 'Example.', (one) => [dnsAnswer(one, '8180', CNAME)]],
    ['a field of an MX', 'MX', 'mail.example', (one) => [dnsAnswer(one, '8180', MX)]],
    ['all fields of an MX', 'MX', '10  MAIL.example.', (one) => [dnsAnswer(one, '8180', MX)]],
    ['an answer behind what is none', 'A', null, (one) => [hex('00'), dnsAnswer(one, '8180')]],
    [
      'an answer behind another that is damaged',
      'A',
      null,
      (one) => [Uint8Array.from([~one[0]! & 0xff, 1, 2]), dnsAnswer(one, '8180')],
    ],
    ['a text in parts', 'TXT', 'ab', (one) => [dnsAnswer(one, '8180', TXT)]],
    [
      'the answer after one to another question',
      'A',
      null,
      (one) => [dnsAnswer(Uint8Array.from(one).fill(~one[0]!, 0, 1), '8182'), dnsAnswer(one, '8180')],
    ],
  ])('passes %s', async (_title, type, wanted, answer) => {
    expect(await ask(check(type, wanted), answer)).toMatchObject({ ok: true });
  });

  it.each<[string, string, string | null, (request: Uint8Array) => FakeAnswer, RegExp]>([
    ['NXDOMAIN', 'A', null, (one) => [dnsAnswer(one, '8183')], /^127\.0\.0\.1:5353 answered NXDOMAIN$/],
    ['SERVFAIL', 'A', null, (one) => [dnsAnswer(one, '8182')], /answered SERVFAIL$/],
    ['REFUSED', 'A', null, (one) => [dnsAnswer(one, '8185')], /answered REFUSED$/],
    ['FORMERR without the question', 'A', null, (one) => [formerr(one)], /answered FORMERR$/],
    ['an error of another kind', 'A', null, (one) => [dnsAnswer(one, '8189')], /answered with the error 9$/],
    [
      'another address',
      'A',
      '192.0.2.1',
      (one) => [dnsAnswer(one, '8180', A('c0000207'))],
      /answered A 192\.0\.2\.7, expected 192\.0\.2\.1$/,
    ],
    [
      'many other addresses',
      'A',
      '192.0.2.1',
      (one) => [dnsAnswer(one, '8180', ...['02', '03', '04', '05'].map((last) => A(`c00002${last}`)))],
      /answered A 192\.0\.2\.2, 192\.0\.2\.3, 192\.0\.2\.4, …, expected/,
    ],
    ['no address', 'A', '192.0.2.1', (one) => [dnsAnswer(one, '8180', CNAME)], /without a record of type A, expected/],
    ['silence', 'A', null, () => [], /did not answer within 100 ms$/],
    ['rubbish', 'A', null, (one) => [one.subarray(0, 5)], /sent a malformed answer: /],
    ['its own question', 'A', null, (one) => [one], /within 100 ms \(what came answers another question\)$/],
    ['another id', 'A', null, otherId, /within 100 ms \(what came answers another question\)$/],
    ['another name', 'A', null, otherName, /within 100 ms \(what came answers another question\)$/],
    ['a closed port', 'A', null, () => 'ECONNREFUSED', /nobody listens on this port/],
  ])('fails %s', async (_title, type, wanted, answer, error) => {
    expect(await ask(check(type, wanted), answer)).toMatchObject(failing(error));
  });

  function formerr(request: Uint8Array): Uint8Array {
    return hex(`${Buffer.from(request.subarray(0, 2)).toString('hex')} 8181 0000 0000 0000 0000`);
  }

  function otherId(request: Uint8Array): Uint8Array[] {
    const other = dnsAnswer(request, '8180');
    other[0] = ~other[0]!;
    return [other];
  }

  function otherName(request: Uint8Array): Uint8Array[] {
    const other = dnsAnswer(request, '8180');
    other[13] = 'x'.charCodeAt(0);
    return [other];
  }

  it('asks with another id each time', async () => {
    const ids = new Set<number>();
    const answer = (one: Uint8Array) => {
      ids.add(one[0]! * 256 + one[1]!);
      return [dnsAnswer(one, '8180')];
    };
    for (let count = 0; count < 20; count++) await ask(check(), answer);
    expect(ids.size).toBeGreaterThan(15);
  });

  describe('asks again over TCP when the answer was cut short', () => {
    const servers = new Servers();
    afterEach(() => servers.close());
    const cutShort = (one: Uint8Array) => [dnsAnswer(one, '8380')];
    const overTcp = async (behave: (socket: Socket, question: Uint8Array) => void) => {
      const server = createServer((socket) => {
        servers.keep(socket);
        socket.once('data', (data) => behave(socket, data.subarray(2)));
      });
      return ask(check('A', '192.0.2.1'), cutShort, { port: await servers.listen(server) });
    };
    const framed = (message: Uint8Array): Buffer => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      return Buffer.concat([length, message]);
    };

    it('and finds what is expected there, in whatever parts it comes', async () => {
      const result = await overTcp((socket, question) => {
        const whole = framed(dnsAnswer(question, '8180', A('c0000201')));
        socket.setNoDelay(true).write(whole.subarray(0, 1));
        setTimeout(() => socket.write(whole.subarray(1)), 10);
      });
      expect(result).toMatchObject({ ok: true });
    });

    it.each<[string, (socket: Socket, question: Uint8Array) => void, RegExp]>([
      [
        'another question is answered',
        (socket, one) =>
          socket.write(
            framed(
              dnsAnswer(
                one.map((byte) => ~byte),
                '8180',
              ),
            ),
          ),
        /answered another question/,
      ],
      ['it is not there', (socket, one) => socket.write(framed(dnsAnswer(one, '8180'))), /without a record of type A/],
      ['the server is silent there', () => {}, /within \d+ ms \(over TCP, as the answer by UDP was cut short\)$/],
      ['the server closes there', (socket) => socket.end(), /closed the connection \(over TCP/],
    ])('and fails when %s', async (_title, behave, error) => {
      expect(await overTcp(behave)).toMatchObject(failing(error));
    });

    it('and fails when nobody listens there', async () => {
      const port = await servers.serve(() => {});
      await servers.close();
      expect(await ask(check('A', '192.0.2.1'), cutShort, { port })).toMatchObject(failing(/refused the connection/));
    });
  });
});

describe('ping', () => {
  const check = checkOf({ kind: 'ping' }, FAST);

  /** As a host answers over IPv4. */
  function reply(request: Uint8Array): Uint8Array {
    const bytes = Uint8Array.from(request);
    bytes.set([0, 0, 0, 0]);
    const sum = internetChecksum(bytes);
    bytes.set([sum >> 8, sum & 0xff], 2);
    return bytes;
  }

  it('passes the reply to what was sent, and sends from no port', async () => {
    const sockets = new FakePeerSockets((request) => [reply(request)]);
    expect(await ask(check, () => [], { sockets, port: 0 })).toMatchObject({ ok: true });
    expect(sockets.peers).toEqual([{ kind: 'echo', address: '127.0.0.1', port: 0, from: null, mark: null }]);
  });

  it('passes a reply over IPv6', async () => {
    const answer = (request: Uint8Array) => [Uint8Array.from(request).fill(129, 0, 1)];
    expect(await ask(check, answer, { address: '::1', port: 0 })).toMatchObject({ ok: true });
  });

  it.each<[string, (request: Uint8Array) => FakeAnswer, RegExp]>([
    ['silence', () => [], /^127\.0\.0\.1 did not answer within 100 ms$/],
    ['replies to others', (one) => [reply(Uint8Array.from(one).fill(1, 20, 40))], /did not answer within 100 ms$/],
    ['a damaged reply', (one) => [Uint8Array.from(reply(one)).fill(7, 30, 31)], /did not answer within 100 ms$/],
    ['a host that is gone', () => 'EHOSTUNREACH', /^127\.0\.0\.1 is unreachable: /],
  ])('fails %s', async (_title, answer, error) => {
    expect(await ask(check, answer, { port: 0 })).toMatchObject(failing(error));
  });
});
