/** What comes over the control socket may be anything. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { control } from '../../src/agent/ctl.ts';
import { parseExposition } from '../status/exposition.ts';
import { AgentFixture } from './agent-fixture.ts';
import { storedConfig, webTopology } from './config.ts';

const agent = new AgentFixture();
const good = storedConfig(webTopology({ ports: [1, 2] }));
beforeAll(() => agent.start());
afterAll(() => agent.end());

/** Sends bytes, closes our side, and gives back what comes until the other side closes. */
function raw(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ path: agent.socket, allowHalfOpen: true });
    socket.on('connect', () => socket.end(bytes));
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(text) : reject(error),
    );
  });
}

describe('the control socket', () => {
  it.each<[string, string, unknown, number, RegExp]>([
    ['GET', '/v1/nope', undefined, 404, /there is no \/v1\/nope/],
    ['GET', '/constructor', undefined, 404, /there is no \/constructor/],
    ['DELETE', '/v1/state', undefined, 405, /takes GET, not DELETE/],
    ['PUT', '/v1/config', '{"generation":', 400, /the body is no JSON/],
    ['PUT', '/v1/config', '', 400, /config: expected an object/],
    ['PUT', '/v1/config', '[]', 400, /config: expected an object/],
    ['PUT', '/v1/config', 'null', 400, /config: expected an object/],
    ['PUT', '/v1/config', { ...good, generation: -1 }, 400, /config\.generation: expected a whole number/],
    ['PUT', '/v1/config', { ...good, hash: '../x' }, 400, /config\.hash: expected a hash/],
    ['PUT', '/v1/config', { ...good, self: 'lb9' }, 400, /lb9 is none of the configuration's directors/],
    [
      'PUT',
      '/v1/config',
      { ...good, config: { ...good.config, services: [{}] } },
      400,
      /services\[0\]\.name: expected a name/,
    ],
    ['POST', '/v1/drain', { realservers: ['web1'] }, 400, /drain\.owner: expected a string/],
    ['POST', '/v1/drain', { realservers: [7], owner: 'x' }, 400, /drain\.realservers\[0\]: expected a name/],
    ['POST', '/v1/drain', { realservers: ['web1'], owner: 'x', until: 'soon' }, 400, /drain\.until: expected a number/],
    ['POST', '/v1/drain', 'x'.repeat(300_000), 413, /longer than 262144 bytes/],
    ['POST', '/v1/yield', {}, 400, /yield\.instance: expected a string/],
    ['POST', '/v1/record', { on: 'yes' }, 400, /record\.on: expected true or false/],
    ['POST', '/v1/record', { on: true }, 503, /the VRRP process does not answer/],
    ['GET', '/v1/events?since=x', undefined, 400, /since: expected the number of an event/],
  ])('%s %s %.40j: %i', async (method, path, body, status, error) => {
    const answer = await agent.request(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toMatch(error);
  });

  it('has metrics in the form that Prometheus reads', async () => {
    const answer = await raw('GET /v1/metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Type: text\/plain; version=0\.0\.4; charset=utf-8/);
    const families = parseExposition(body);
    expect([...(families.get('lvs_vrrp_process_up')?.series.values() ?? [])]).toEqual([{ labels: {}, value: 0 }]);
    const printed: string[] = [];
    expect(await control(agent.socket, ['metrics'], (_stream, text) => printed.push(text))).toBe(0);
    expect([...parseExposition(printed.join('')).keys()]).toEqual([...families.keys()]);
  });

  it('answers a client that has closed its side already, and one of HTTP/1.0', async () => {
    expect(await raw('GET /v1/state HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*"schema":1/);
    const old = await raw('GET /v1/state HTTP/1.0\r\n\r\n');
    expect(old).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(JSON.parse(old.slice(old.indexOf('\r\n\r\n')))).toMatchObject({ schema: 1 });
  });

  it('refuses with an HTTP answer what is no HTTP', async () => {
    expect(await raw('\u0000\u0001\u0002\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*"error":/);
    expect(await raw(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('survives any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await raw(bytes);
        await raw(
          Buffer.concat([Buffer.from('PUT /v1/config HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'), bytes]),
        );
      }),
      { numRuns: 60 },
    );
    expect((await agent.request('GET', '/v1/state')).status).toBe(200);
  });

  it('survives any change to a configuration, and believes none that is misshapen', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.jsonValue(), async (at, value) => {
        const body = mutated(good, at, value);
        const answer = await agent.request('PUT', '/v1/config', body);
        expect([200, 400, 409, 422]).toContain(answer.status);
        if (answer.status !== 200) expect(answer.json.error).toEqual(expect.any(String));
        expect((await agent.state()).schema).toBe(1);
      }),
      { numRuns: 150 },
    );
  });

  it('streams events as lines, those kept first, then as they happen', async () => {
    await agent.request('PUT', '/v1/config', { ...good, generation: 100_000 });
    const seen: { seq: number; message: string }[] = [];
    const socket = connect(agent.socket);
    socket.write('GET /v1/events?follow HTTP/1.0\r\n\r\n');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      seen.splice(0, seen.length, ...linesOf(text));
    });
    await expect.poll(() => seen.some(({ message }) => message.includes('100000 is in force'))).toBe(true);
    await agent.request('POST', '/v1/drain', { realservers: ['web1'], owner: 'ann' });
    await expect.poll(() => seen.some(({ message }) => message === 'web1 is drained (ann)')).toBe(true);
    socket.destroy();
    expect(seen.map(({ seq }) => seq)).toEqual([...seen.map(({ seq }) => seq)].sort((a, b) => a - b));
  });
});

function linesOf(text: string): { seq: number; message: string }[] {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  return body
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** A copy in which the value at the n-th place, counted through the tree, is another. */
function mutated(whole: object, place: number, value: unknown): unknown {
  const places: [object, string][] = [];
  const copy = structuredClone(whole);
  const walk = (node: object): void => {
    for (const [key, child] of Object.entries(node)) {
      places.push([node, key]);
      if (typeof child === 'object' && child !== null) walk(child);
    }
  };
  walk(copy);
  const [parent, key] = places[place % places.length]!;
  Object.assign(parent, { [key]: value });
  return copy;
}
