/** TCP probes against this kernel: who accepts, who refuses, and what is left open; alone in a network namespace. */
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPeerSockets } from '../../../src/kernel/peer-sockets.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openStreams } from '../../../src/kernel/streams.ts';
import { probeMaker } from '../../../src/probes/probe.ts';
import { checkOf, specOf } from '../../probes/spec.ts';
import { ip, openSockets, report } from './namespace.ts';

const MANY = 500;

const probeOf = probeMaker({
  sockets: openPeerSockets(loadRawio()),
  streams: openStreams(loadRawio()),
  runScript: () => Promise.resolve({ exitCode: null, problem: 'no scripts here' }),
});

interface Wish {
  readonly port?: number;
  readonly from?: { readonly address: string | null; readonly port: number };
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

async function ask(address: string, { port = 80, from, timeoutMs = 5_000, signal }: Wish = {}) {
  const check = checkOf({ kind: 'tcp' }, { timeoutMs });
  const asking = { ...check, target: { ...check.target, from: from ?? null } } as typeof check;
  const result = await probeOf(specOf(asking, port, address))(signal ?? new AbortController().signal);
  return result.ok ? 'passed' : result.error;
}

ip('link set lo up');
ip('addr add 10.1.1.1/32 dev lo');
ip('addr add fd01::1/128 dev lo');
ip('route add unreachable 10.9.1.0/24');
// A segment on which nobody else is.
ip('link add v0 type veth peer name v1');
ip('addr add 10.2.2.1/24 dev v0');
for (const name of ['v0', 'v1']) ip(`link set ${name} up`);

const callers: string[] = [];
let accepted = 0;
let ends: string[] = [];
const server = createServer((socket: Socket) => {
  accepted += 1;
  callers.push(`${socket.remoteAddress?.replace('::ffff:', '')}:${socket.remotePort}`);
  socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
  socket.on('end', () => ends.push('end'));
});
await new Promise<void>((resolve) => server.listen({ port: 80, host: '::', backlog: MANY }, resolve));

/** State 06 of proc_net_tcp. */
const timeWaits = (): number =>
  readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => / 06 /.test(line)).length;
const isTrueInTime = async (holds: () => boolean): Promise<boolean> => {
  for (let round = 0; round < 500 && !holds(); round++) await sleep(10);
  return holds();
};

const before = new Set(openSockets());
const result: Record<string, unknown> = {};
result['accepted'] = [await ask('10.1.1.1'), await ask('fd01::1'), await ask('127.0.0.1')];
result['closed'] = [await ask('10.1.1.1', { port: 1 }), await ask('fd01::1', { port: 1 })];
callers.length = 0;
result['from'] = [await ask('10.1.1.1', { from: { address: '127.0.0.77', port: 4777 } })];
result['fromPort'] = [await ask('10.1.1.1', { from: { address: null, port: 4778 } })];
await isTrueInTime(() => callers.length === 2);
result['callers'] = [callers[0], callers[1]?.split(':').at(-1)];
result['fromNowhere'] = await ask('10.1.1.1', { from: { address: '192.0.2.1', port: 0 } });
result['noRoute'] = await ask('10.9.1.1');
result['silent'] = await ask('10.2.2.99', { timeoutMs: 200 });
const aborter = new AbortController();
const stopped = ask('10.2.2.98', { signal: aborter.signal });
aborter.abort();
result['stopped'] = await stopped;
accepted = 0;
ends = [];
const together = await Promise.all(Array.from({ length: MANY }, () => ask('10.1.1.1')));
result['together'] = together.filter((one) => one === 'passed').length;
await isTrueInTime(() => ends.length >= accepted && accepted > 0);
result['ends'] = [...new Set(ends)];
result['timeWaits'] = timeWaits();
server.close();
await isTrueInTime(() => openSockets().every((name) => before.has(name)));
result['leftOpen'] = openSockets().filter((name) => !before.has(name));
report(result);
