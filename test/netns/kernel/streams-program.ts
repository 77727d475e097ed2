/** Connections with a mark against this kernel: what routes, counts and refuses by mark; alone in a network namespace. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckConfig } from '../../../src/config/service.ts';
import { openPeerSockets } from '../../../src/kernel/peer-sockets.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openStreams } from '../../../src/kernel/streams.ts';
import { probeMaker } from '../../../src/probes/probe.ts';
import { checkOf, specOf } from '../../probes/spec.ts';
import { ip, openSockets, report } from './namespace.ts';

const probeOf = probeMaker({
  streams: openStreams(loadRawio()),
  sockets: openPeerSockets(loadRawio()),
  runScript: () => Promise.resolve({ exitCode: null, problem: 'no scripts here' }),
});

const MARK = 0xfedc_ba98; // beyond 31 bits: marks are unsigned
const marked = (check: CheckConfig, port = 0, mark = MARK): CheckConfig =>
  ({ ...check, target: { ...check.target, mark, from: { address: '10.1.1.9', port } } }) as CheckConfig;
const http = checkOf({ kind: 'http', path: '/' }, { timeoutMs: 5_000 });

async function ask(check: CheckConfig, port: number, signal = new AbortController().signal, address = '10.1.1.1') {
  const result = await probeOf(specOf(check, port, address))(signal);
  return result.ok ? 'passed' : `${result.isUnsent ? 'unsent: ' : ''}${result.error}`;
}

ip('link set lo up');
for (const address of ['10.1.1.1', '10.1.1.2', '10.1.1.9']) ip(`addr add ${address}/32 dev lo`);
// What has another mark is dropped, so that only what is marked right is answered.
execFileSync('nft', ['-f', '-'], {
  input: `table inet f {
  chain output {
    type filter hook output priority 0;
    ip saddr 10.1.1.9 ip daddr { 10.1.1.1, 10.1.1.2 } meta mark != ${MARK} drop
  }
}`,
});

const askers: string[] = [];
const server = createServer((socket) => {
  askers.push(`${socket.remoteAddress}:${socket.remotePort}`);
  socket.on('error', () => {});
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
});
server.listen(80, '0.0.0.0');
const silent = createServer((socket) => void socket.on('error', () => {})).listen(81, '0.0.0.0');
await Promise.all([once(server, 'listening'), once(silent, 'listening')]);
for (const one of [server, silent]) one.unref();

const before = new Set(openSockets());

const result: Record<string, unknown> = {
  passed: await ask(marked(http), 80),
  wrongMark: await ask({ ...marked({ ...http, timing: { ...http.timing, timeoutMs: 300 } }, 0, 7) }, 80),
  tcp: await ask(marked(checkOf({ kind: 'tcp' })), 80),
  refused: await ask(marked(http), 82),
  silent: await ask(marked(checkOf({ kind: 'http', path: '/' }, { timeoutMs: 300 })), 81),
  udp: await ask(marked(checkOf({ kind: 'udp', sendHex: '30', expectHex: null }, { timeoutMs: 5_000 })), 82),
  ping: await ask(marked(checkOf({ kind: 'ping' }, { timeoutMs: 5_000 })), 0),
  port: [await ask(marked(http, 61_000), 80), askers.at(-1)],
  // the same again at once: nothing of the first is left behind
  again: [await ask(marked(http, 61_000), 80), askers.at(-1)],
  otherListener: await Promise.all([
    ask(marked(http, 61_001), 80),
    ask(marked(http, 61_001), 80, undefined, '10.1.1.2'),
  ]),
};
const foreign = { ...http, target: { ...http.target, mark: MARK, from: { address: '10.1.1.99', port: 0 } } };
result['noSource'] = await ask(foreign as CheckConfig, 80);
const together = await Promise.all(Array.from({ length: 200 }, () => ask(marked(http), 80)));
result['together'] = together.filter((one) => one === 'passed').length;
const [connecting, talking] = [new AbortController(), new AbortController()];
const stopped = [ask(marked(http), 80, connecting.signal), ask(marked(http), 81, talking.signal)];
connecting.abort();
setTimeout(() => talking.abort(), 100);
result['stopped'] = await Promise.all(stopped);
const leftOpen = () => openSockets().filter((name) => !before.has(name));
for (let turn = 0; turn < 500 && leftOpen().length > 0; turn++) await sleep(10); // closed in a later turn of the loop
result['leftOpen'] = leftOpen().length;
report(result);
process.exit(0);
