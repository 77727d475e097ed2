/** Probes by UDP and ICMP echo against this kernel, and against a host and a firewall that refuse; alone in a network namespace. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
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

async function ask(check: CheckConfig, address: string, port = 0, signal = new AbortController().signal) {
  const result = await probeOf(specOf(check, port, address))(signal);
  return result.ok ? 'passed' : result.error;
}
const ping = (timeoutMs = 5_000): CheckConfig => checkOf({ kind: 'ping' }, { timeoutMs });
const udp = (expectHex: string | null = null, timeoutMs = 5_000): CheckConfig =>
  checkOf({ kind: 'udp', sendHex: '3031', expectHex }, { timeoutMs });
const from = (check: CheckConfig, address: string | null, port = 0): CheckConfig =>
  ({ ...check, target: { ...check.target, from: { address, port } } }) as CheckConfig;

ip('link set lo up');
ip('addr add 10.1.1.1/32 dev lo');
ip('addr add fd01::1/128 dev lo');
ip('route add unreachable 10.9.1.0/24');
// A segment on which nobody else is.
ip('link add v0 type veth peer name v1');
ip('addr add 10.2.2.1/24 dev v0');
for (const name of ['v0', 'v1']) ip(`link set ${name} up`);
execFileSync('nft', ['-f', '-'], {
  input: `table inet f {
  chain input {
    type filter hook input priority 0;
    ip daddr 10.1.1.1 udp dport 1001 reject with icmp type admin-prohibited
    ip daddr 10.1.1.1 udp dport 1002 reject with icmp type host-unreachable
    ip daddr 10.1.1.1 udp dport 1003 drop
    ip6 daddr fd01::1 udp dport 1001 reject with icmpv6 type admin-prohibited
    ip daddr 127.0.0.66 icmp type echo-request reject with icmp type host-unreachable
    ip daddr 127.0.0.67 icmp type echo-request drop
  }
}`,
});

// An echo at 10.1.1.1:7 and fd01::1:7, which tells who asked; and one that answers from another address.
const askers: string[] = [];
for (const [type, address] of [
  ['udp4', '10.1.1.1'],
  ['udp6', 'fd01::1'],
] as const) {
  const echo = createSocket(type);
  echo.on('message', (bytes, peer) => {
    askers.push(`${peer.address}:${peer.port}`);
    echo.send(bytes, peer.port, peer.address);
  });
  echo.bind(7, address);
  await once(echo, 'listening');
  echo.unref();
}
const [front, back] = [createSocket('udp4'), createSocket('udp4')];
front.on('message', (_bytes, peer) => back.send('01', peer.port, peer.address)).bind(8, '10.1.1.1');
back.bind(8, '127.0.0.9');
await Promise.all([once(front, 'listening'), once(back, 'listening')]);
for (const one of [front, back]) one.unref();

const before = new Set(openSockets());

const result: Record<string, unknown> = {
  echo: await ask(udp('3031'), '10.1.1.1', 7),
  echo6: await ask(udp('3031'), 'fd01::1', 7),
  wrong: await ask(udp('32'), '10.1.1.1', 7),
  from: [await ask(from(udp('3031'), '127.0.0.77', 4777), '10.1.1.1', 7), askers.at(-1)],
  fromPort: [await ask(from(udp('3031'), null, 4778), '10.1.1.1', 7), askers.at(-1)?.replace(/^.*:/, '')],
  fromShared: await Promise.all([7, 1, 7, 7].map((port) => ask(from(udp('3031'), null, 4779), '10.1.1.1', port))),
  fromNowhere: await ask(from(udp(), '10.1.1.99'), '10.1.1.1', 7),
  otherSource: await ask(udp('3031', 300), '10.1.1.1', 8),
  closed: await ask(udp(), '10.1.1.1', 1),
  closed6: await ask(udp(), 'fd01::1', 1),
  prohibited: await ask(udp(), '10.1.1.1', 1001),
  prohibited6: await ask(udp(), 'fd01::1', 1001),
  hostUnreachable: await ask(udp(), '10.1.1.1', 1002),
  silent: await ask(udp(null, 300), '10.1.1.1', 1003),
  silentExpected: await ask(udp('32', 300), '10.1.1.1', 1003),
  noRoute: await ask(udp(), '10.9.1.1', 7),
  // the timeout is shorter than the kernel looks for it
  nobody: await ask(udp(null, 1_000), '10.2.2.99', 7),
  ping: await ask(ping(), '127.0.0.1'),
  ping6: await ask(ping(), 'fd01::1'),
  pingFrom: await ask(from(ping(), '10.1.1.1'), '127.0.0.1'),
  pingRefused: await ask(ping(), '127.0.0.66'),
  pingDropped: await ask(ping(300), '127.0.0.67'),
  pingNobody: await ask(ping(10_000), '10.2.2.98'),
  pingNoRoute: await ask(ping(), '10.9.1.1'),
};
const together = await Promise.all(Array.from({ length: 200 }, () => ask(ping(), '127.0.0.1')));
result['together'] = together.filter((one) => one === 'passed').length;
const aborter = new AbortController();
const stopped = ask(ping(), '127.0.0.67', 0, aborter.signal);
aborter.abort();
result['stopped'] = await stopped;
const leftOpen = () => openSockets().filter((name) => !before.has(name));
for (let turn = 0; turn < 500 && leftOpen().length > 0; turn++) await sleep(10); // closed in a later turn of the loop
result['leftOpen'] = leftOpen();
report(result);
