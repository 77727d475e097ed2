import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ReplyReader } from '../../src/probes/smtp-reply.ts';
import { Servers } from './servers.ts';
import { checkOf, probeOf, specOf } from './spec.ts';

const servers = new Servers();
afterEach(() => servers.close());

const ask = (port: number) =>
  probeOf(specOf(checkOf({ kind: 'smtp', helo: 'lb.example' }, { timeoutMs: 200 }), port))(
    new AbortController().signal,
  );

/** Says these lines, each after the next line of the client; what comes after them is the end of the connection. */
function saying(greeting: string, ...replies: string[]) {
  return (socket: Socket): void => {
    socket.write(greeting);
    socket.on('data', () => {
      const reply = replies.shift();
      if (reply === undefined) socket.end();
      else socket.write(reply);
    });
  };
}

const READY = '220 mail ESMTP\r\n';

describe('smtp', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['in single lines', saying(READY, '250 hello\r\n', '221 bye\r\n')],
    ['in many lines', saying('220-mail\r\n220-no spam\r\n220 here\r\n', '250-mail\r\n250 SIZE\r\n', '221 bye\r\n')],
    ['without a text', saying('220\r\n', '250\r\n', '221\r\n')],
    ['to all but QUIT, and closes then', saying(READY, '250 hello\r\n')],
  ])('passes a server that answers %s', async (_title, behave) => {
    expect(await ask(await servers.serve(behave))).toMatchObject({ ok: true });
  });

  it('says HELO with the name of the check, and QUIT, each when it may', async () => {
    const heard: string[] = [];
    const port = await servers.serve((socket) => {
      socket.on('data', (data) => heard.push(data.toString()));
      saying(READY, '250 hello\r\n', '221 bye\r\n')(socket);
    });
    expect(await ask(port)).toMatchObject({ ok: true });
    expect(heard).toEqual(['HELO lb.example\r\n', 'QUIT\r\n']);
  });

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['accepts and says nothing', () => {}, /did not answer within 200 ms \(.* accepted, but no greeting came\)$/],
    ['is busy', saying('421 4.3.2 too many connections\r\n'), /answered 421 4\.3\.2 too many connections as its greet/],
    ['takes no mail', saying('554 go away\r\n'), /answered 554 go away as its greeting$/],
    ['does not like the name', saying(READY, '550 who?\r\n'), /answered 550 who\? to HELO$/],
    ['does not like QUIT', saying(READY, '250 hello\r\n', '500 what?\r\n'), /answered 500 what\? to QUIT$/],
    ['says nothing to HELO', (socket) => socket.write(READY), /did not answer within 200 ms \(after HELO\)$/],
    ['stops in the greeting', (socket) => socket.write('220-mail\r\n22'), /did not answer within 200 ms/],
    ['answers after the timeout', late, /did not answer within 200 ms/],
    ['closes without a word', (socket) => socket.end(), /closed the connection \(the connection was accepted/],
    ['closes in the middle', saying(READY), /closed the connection \(after HELO\)$/],
    ['closes in its greeting', (socket) => socket.end('220-mail\r\n22'), /closed the connection \(the connection/],
    ['resets', (socket) => socket.resetAndDestroy(), /reset the connection|closed the connection/],
    ['speaks SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'), /does not speak SMTP \(/],
    ['greets without an end', (socket) => socket.write('220-mail\r\n'.repeat(1_000)), /more than 8192 bytes \(/],
  ])('fails a server that %s', async (_title, behave, error) => {
    const port = await servers.serve(behave);
    const result = await ask(port);
    expect(result).toMatchObject({ ok: false, error: expect.stringMatching(error) });
    expect(result).toMatchObject({ error: expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${port} `)) });
  });

  function late(socket: Socket): void {
    setTimeout(() => socket.write(READY), 400);
  }

  it('leaves no connection behind', async () => {
    await ask(await servers.serve(() => {}));
    await expect.poll(() => servers.sockets.size).toBe(0);
  });
});

it('a reply is the same in whatever parts it comes', () => {
  const text = '220-a\r\n220-b\r\n220 c d\r\n';
  for (let at = 1; at < text.length; at++) {
    const reader = new ReplyReader();
    const first = reader.push(Buffer.from(text.slice(0, at)));
    expect(first ?? reader.push(Buffer.from(text.slice(at)))).toEqual({ code: 220, text: 'c d' });
  }
});
