/** Checks against the servers that people run, in the ways that those fail. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';
import type { CheckConfig } from '../../src/config/service.ts';
import { checkOf } from '../probes/spec.ts';
import { ask, ProbedServer } from './probed-server.ts';

beforeAll(() => buildNative(), 60_000);

describe('dns, against unbound', () => {
  const LONG = Array.from({ length: 12 }, (_, index) => `${index}`.padEnd(100, 'x'));
  const CONFIG = (port: number): string => `server:
  interface: 127.0.0.1@${port}
  username: ""
  chroot: ""
  directory: "."
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  local-zone: "example." static
  local-data: "example. IN SOA ns1.example. host.example. 7 3600 600 86400 300"
  local-data: "example. IN NS ns1.example."
  local-data: "example. IN MX 10 mail.example."
  local-data: 'example. IN TXT "v=spf1" " -all"'
  local-data: "_sip._tcp.example. IN SRV 1 2 5060 sip.example."
  local-data: "www.example. IN A 192.0.2.1"
  local-data: "www.example. IN A 192.0.2.2"
  local-data: "www.example. IN AAAA 2001:db8::1"
  local-data: "alias.example. IN CNAME www.example."
  local-data-ptr: "192.0.2.1 www.example"
${LONG.map((text) => `  local-data: 'long.example. IN TXT "${text}"'`).join('\n')}
  local-zone: "silent.example." deny
  local-zone: "refused.example." refuse
forward-zone:
  # by itself it asks no server on loopback: it has nobody to ask
  name: "broken.example2."
  forward-addr: 127.0.0.1@9
remote-control:
  control-enable: no
`;
  const dns = (name: string, type = 'A', wanted: string | null = null, timeoutMs = 5_000): CheckConfig =>
    checkOf({ kind: 'dns', name, type, expect: wanted }, { timeoutMs });
  let server: ProbedServer;
  beforeAll(async () => {
    server = await ProbedServer.start(
      { command: 'unbound -d -c conf', config: CONFIG },
      async (port) => (await ask(dns('example', 'SOA', null, 1_000), port)) === 'passed',
    );
  });
  afterAll(() => server?.stop());

  it.each<[string, string, string | null]>([
    ['www.example', 'A', null],
    ['www.example', 'A', '192.0.2.2'],
    ['WWW.Example.', 'AAAA', '2001:DB8:0::1'],
    ['example', 'NS', 'ns1.example.'],
    ['alias.example', 'CNAME', 'www.example'],
    ['example', 'SOA', 'ns1.example'],
    ['example', 'SOA', '7'],
    ['example', 'MX', '10 mail.example'],
    ['example', 'MX', 'mail.example'],
    ['example', 'TXT', 'v=spf1 -all'],
    ['_sip._tcp.example', 'SRV', 'sip.example'],
    ['1.2.0.192.in-addr.arpa', 'PTR', 'www.example'],
    ['example', 'A', null], // exists, without an address
    ['long.example', 'TXT', null], // cut short for UDP
    ['long.example', 'TXT', LONG[11]!], // and whole over TCP
  ])('passes %s %s with %j', async (name, type, wanted) => {
    expect(await ask(dns(name, type, wanted), server.port)).toBe('passed');
  });

  it.each<[string, string, string | null, RegExp]>([
    ['no.example', 'A', null, /^answered NXDOMAIN$/],
    ['refused.example', 'A', null, /^answered REFUSED$/],
    ['broken.example2', 'A', null, /^answered SERVFAIL$/],
    ['silent.example', 'A', null, /^did not answer within 500 ms$/],
    ['www.example', 'A', '192.0.2.9', /^answered A 192\.0\.2\.[12], 192\.0\.2\.[12], expected 192\.0\.2\.9$/],
    ['www.example', 'MX', 'mail.example', /^answered without a record of type MX, expected mail\.example$/],
    ['long.example', 'TXT', 'short', /^answered TXT \d+x+, \d+x+, \d+x+, …, expected short$/],
  ])('fails %s %s with %j', async (name, type, wanted, error) => {
    const timeoutMs = name.startsWith('silent') ? 500 : 5_000;
    expect(await ask(dns(name, type, wanted, timeoutMs), server.port)).toMatch(error);
  });

  it('fails while it hangs, and passes again', async () => {
    server.signal('SIGSTOP');
    try {
      expect(await ask(dns('www.example', 'A', null, 300), server.port)).toBe('did not answer within 300 ms');
    } finally {
      server.signal('SIGCONT');
    }
    await expect.poll(() => ask(dns('www.example'), server.port), { timeout: 10_000 }).toBe('passed');
  });

  it('fails when it is gone', async () => {
    await server.stop();
    // what it had open is closed a moment later
    const now = () => ask(dns('www.example', 'A', null, 300), server.port);
    await expect.poll(now, { timeout: 20_000 }).toMatch(/nobody listens on this port/);
  });
});

/** Becomes another user for each of its processes, which needs root. */
describe.runIf(process.getuid?.() === 0)('smtp, against OpenSMTPD', () => {
  const smtp = (helo = 'lb.example', timeoutMs = 10_000): CheckConfig => checkOf({ kind: 'smtp', helo }, { timeoutMs });
  const sockets: Socket[] = [];
  let server: ProbedServer;
  beforeAll(async () => {
    server = await ProbedServer.start(
      {
        command: 'smtpd -d -f conf',
        config: (port) => `listen on 127.0.0.1 port ${port}
action "local" mbox
match for local action "local"
`,
      },
      async (port) => (await ask(smtp(), port)) === 'passed',
    );
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => server?.stop());

  it('passes', async () => {
    for (let count = 0; count < 5; count++) expect(await ask(smtp(), server.port)).toBe('passed');
  });

  it('fails with a name that it does not take', async () => {
    expect(await ask(smtp('<none>'), server.port)).toMatch(/^answered 5\d\d .* to HELO$/);
  });

  it('fails while it hangs: the kernel accepts for it, and no greeting comes', async () => {
    server.signal('SIGSTOP');
    try {
      expect(await ask(smtp('lb.example', 300), server.port)).toBe(
        'did not answer within 300 ms (the connection was accepted, but no greeting came)',
      );
    } finally {
      server.signal('SIGCONT');
    }
    await expect.poll(() => ask(smtp(), server.port), { timeout: 20_000 }).toBe('passed');
  });

  it('does not care for other clients that say nothing', async () => {
    for (let count = 0; count < 10; count++) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
    }
    expect(await ask(smtp(), server.port)).toBe('passed');
  });

  it('fails when it is gone', async () => {
    await server.stop();
    await expect
      .poll(() => ask(smtp('lb.example', 300), server.port), { timeout: 20_000 })
      .toBe('refused the connection');
  });
});

describe('udp, against an echo', () => {
  const udp = (expectHex: string | null, timeoutMs = 5_000): CheckConfig =>
    checkOf({ kind: 'udp', sendHex: '3031', expectHex }, { timeoutMs });

  it('passes what comes back, fails other bytes and an answer after the timeout, and hears when it is gone', async () => {
    const echo = createSocket('udp4');
    let delayMs = 0;
    echo.on('message', (bytes, { port, address }) => {
      setTimeout(() => echo.send(bytes, port, address, () => {}), delayMs);
    });
    echo.bind(0, '127.0.0.1');
    await once(echo, 'listening');
    const { port } = echo.address();
    expect(await ask(udp(null), port)).toBe('passed');
    expect(await ask(udp('30'), port)).toBe('passed');
    expect(await ask(udp('31'), port)).toBe('answered 0x3031, expected 0x31 at the beginning');
    delayMs = 600;
    expect(await ask(udp('30', 200), port)).toBe('did not answer within 200 ms');
    echo.close();
    await once(echo, 'close');
    expect(await ask(udp(null), port)).toMatch(/^answered that nobody listens on this port/);
  });
});
