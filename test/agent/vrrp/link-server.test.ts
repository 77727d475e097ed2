import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LinkServer, parseMessage } from '../../../src/agent/vrrp/link-server.ts';
import type { FromVrrp, ToVrrp } from '../../../src/vrrp/link.ts';

let dir: string;
let server: LinkServer;
const sockets: Socket[] = [];
const received: ToVrrp[] = [];
const GREETING: FromVrrp = { type: 'report', latenessMs: { last: 0, worst: 0 }, instances: [] };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'link-'));
  received.length = 0;
  writeFileSync(join(dir, 'vrrp.sock'), 'left over');
  const handlers = {
    greeting: () => GREETING,
    onMessage: (message: ToVrrp, answer: (message: FromVrrp) => void) => {
      received.push(message);
      if (message.type === 'config') answer({ type: 'configured', error: null });
    },
  };
  server = new LinkServer(join(dir, 'vrrp.sock'), handlers, () => undefined);
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  rmSync(dir, { recursive: true });
});

/** A supervisor, and what it has heard. */
function connected(): { socket: Socket; heard: () => string } {
  const socket = createConnection(join(dir, 'vrrp.sock'));
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  socket.on('error', () => undefined);
  return { socket, heard: () => text };
}

describe('the link of the VRRP process', () => {
  it('replaces what a dead process left, is for root alone, and greets with a report', async () => {
    const { heard } = connected();
    await vi.waitFor(() => expect(heard()).toBe(`${JSON.stringify(GREETING)}\n`));
    expect(statSync(join(dir, 'vrrp.sock')).mode & 0o777).toBe(0o600);
  });

  it('understands messages however they are split, several in one piece, and passes over rubbish', async () => {
    const { socket } = connected();
    const text = '{"type":"ready"}\nrubbish\n{"type":"yield"}\n\n{"type":"yield","instance":"public"}\n{"type":"re';
    for (const character of text) socket.write(character);
    socket.write('ady"}\n');
    await vi.waitFor(() => expect(received.length).toBe(3));
    expect(received).toEqual([{ type: 'ready' }, { type: 'yield', instance: 'public' }, { type: 'ready' }]);
  });

  it('answers who asked, and tells everybody the rest', async () => {
    const [one, two] = [connected(), connected()];
    await vi.waitFor(() => expect(two.heard()).not.toBe(''));
    one.socket.write('{"type":"config","config":{}}\n');
    await vi.waitFor(() => expect(one.heard()).toContain('configured'));
    server.tell({ type: 'transition', instance: 'public', from: 'BACKUP', to: 'MASTER', cause: 'x', at: 1 });
    await vi.waitFor(() => expect(two.heard()).toContain('transition'));
    expect(two.heard()).not.toContain('configured');
  });

  it('cuts off a line without end', async () => {
    const { socket } = connected();
    let isClosed = false;
    socket.on('close', () => {
      isClosed = true;
    });
    const piece = 'x'.repeat(1024 * 1024);
    for (let count = 0; count < 17; count++) socket.write(piece);
    await vi.waitFor(() => expect(isClosed).toBe(true), { timeout: 5000 });
  });
});

describe('a message', () => {
  it.each([
    '',
    'null',
    '[]',
    '1',
    '{}',
    '{"type":1}',
    '{"type":"config"}',
    '{"type":"tracking","scripts":{}}',
    '{"type":"tracking","scripts":{},"services":{},"files":[]}',
    '{"type":"tracking","scripts":{"x":true},"services":{}}',
    '{"type":"record"}',
    '{"type":"relay-ready"}',
    '{"type":"end-lame-duck","instance":1}',
    '{"type":"x"}',
    '{"type":"holds"}',
    '{"type":"holds","holds":[{"instance":null,"reason":"x","untilMs":"soon","endsAlone":false}]}',
  ])('%s is none', (line) => {
    expect(parseMessage(line)).toBeUndefined();
  });

  it.each([
    '{"type":"tracking","scripts":{},"services":{"http":"unknown"}}',
    '{"type":"tracking","scripts":{"x":"up"},"services":{},"files":{"/run/hold":"down"}}',
    '{"type":"relay-ready","instance":"public"}',
    '{"type":"end-lame-duck","instance":"public"}',
  ])('%s is one', (line) => {
    expect(parseMessage(line)).toEqual(JSON.parse(line));
  });
});
