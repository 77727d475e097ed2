/**
 * Runs in a network namespace of this machine: `rate-program.ts CHECKS_A_SECOND SECONDS`. The prober as the agent has it, on one
 * core together with the VRRP process, against servers on the others. Prints one RESULT.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prober } from '../../../src/agent/prober.ts';
import { probePlan } from '../../../src/health/probe-plan.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { openPeerSockets } from '../../../src/kernel/peer-sockets.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openStreams } from '../../../src/kernel/streams.ts';
import { probeMaker } from '../../../src/probes/probe.ts';
import { LatenessWatch } from '../director/lateness.ts';
import { end, filesIn, start, startVrrp } from '../director/processes.ts';
import { DIP, storedConfig } from '../director/topology.ts';
import type { RateRound } from './figures.ts';

const [wanted = 1, seconds = 1] = process.argv.slice(2).map(Number);
const WARMUP_MS = 5_000;
const SERVICES = 10;
const folder = mkdtempSync(join(tmpdir(), 'bench-'));

/** On the first core with the VRRP process; what answers is on the others, where there are others. */
const ownCore = availableParallelism() > 1 ? ['taskset', '--cpu-list', '0'] : [];
const otherCores = availableParallelism() > 1 ? ['taskset', '--cpu-list', `1-${availableParallelism() - 1}`] : [];
const SERVER = `require('node:net').createServer({ pauseOnConnect: true }, (s) => s.on('error', () => {}).destroy())
  .listen({ port: 80, host: '0.0.0.0', backlog: 4096 })`;

for (const words of [
  'link set lo up',
  // not every kernel has dummy interfaces
  'link add dummy0 type veth peer name dummy1',
  'link set dummy0 up',
  'link set dummy1 up',
  `addr add ${DIP}/24 dev dummy0`,
])
  execFileSync('ip', words.split(' '));
writeFileSync('/proc/sys/net/core/somaxconn', '4096');
if (ownCore.length > 0) execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', '0', String(process.pid)]);

const check = '{ tcp: 80 }';
const stored = storedConfig({ services: SERVICES, realservers: Math.ceil(wanted / SERVICES), check, distinct: true });
const { config, vrrpSocket } = filesIn(folder);
writeFileSync(config, JSON.stringify({ ...stored, config: { ...stored.config, services: [] } }));
const server = start([...otherCores, process.execPath, '-e', SERVER]);
const vrrp = startVrrp(folder, ownCore);
await sleep(WARMUP_MS);

const quiet = new LatenessWatch(vrrpSocket);
await sleep(seconds * 1000);
const lateQuiet = await quiet.end();

let checks = 0;
let failed = 0;
const rawio = loadRawio();
const probeOf = probeMaker({
  sockets: openPeerSockets(rawio),
  streams: openStreams(rawio),
  runScript: () => Promise.resolve({ exitCode: null, problem: 'no scripts here' }),
});
const prober = new Prober({
  clock: systemClock,
  random: Math.random,
  probeOf: (spec) => {
    const probe = probeOf(spec);
    return async (signal) => {
      const result = await probe(signal);
      checks += 1;
      if (!result.ok) failed += 1;
      return result;
    };
  },
  damps: () => true,
  onVerdict: () => {},
  onWeight: () => {},
});
prober.configure(probePlan(stored.config, stored.self));
await sleep(WARMUP_MS);
const watch = new LatenessWatch(vrrpSocket);
const [checksBefore, failedBefore, before, from] = [checks, failed, process.cpuUsage(), performance.now()];
await sleep(seconds * 1000);
const { user, system } = process.cpuUsage(before);
const round: RateRound = {
  wanted,
  checks: checks - checksBefore,
  failed: failed - failedBefore,
  elapsedMs: performance.now() - from,
  cpuMs: (user + system) / 1000,
  lateQuiet,
  late: await watch.end(),
};
prober.stop();
await end(vrrp);
await end(server);
rmSync(folder, { recursive: true, force: true });
console.log(`RESULT ${JSON.stringify(round)}`);
