/**
 * Runs inside User-Mode Linux: `checks-program.ts ROUNDS CHECKS SECONDS`. Our agent and Debian's keepalived in turn, with the same
 * checks against one nginx, which counts them. Prints one RESULT.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatenessWatch } from '../director/lateness.ts';
import { end, filesIn, start, startSupervisor, startVrrp, until, usageOf } from '../director/processes.ts';
import { DIP, storedConfig } from '../director/topology.ts';
import { type CheckRound, KINDS, type Kind, PEERS, type Peer } from './figures.ts';
import { keepalivedText } from './keepalived.ts';

const [rounds = 1, checks = 1, seconds = 1] = process.argv.slice(2).map(Number);
const SERVICES = 5;
/** Until every check has run, and V8 has compiled what runs often. */
const WARMUP_MS = 10_000;

const folder = mkdtempSync('/tmp/bench-');
const realservers = Math.ceil(checks / SERVICES);

const NGINX = `worker_processes 1;
pid ${folder}/nginx.pid;
error_log /dev/null crit;
events { worker_connections 4096; }
http {
  access_log off;
  server {
    listen 80 backlog=4096;
    location = /index.html { default_type text/html; return 200 "web\\n"; }
    location = /count { stub_status; }
  }
}
`;

function page(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** Connections that nginx has accepted, this one not counted. */
async function accepted(): Promise<number> {
  return Number(/^\s*(\d+) \d+ \d+/m.exec(await page('/count'))?.[1] ?? Number.NaN) - 1;
}

function startPeer(peer: Peer, kind: Kind) {
  if (peer === 'lvs-agent') return startSupervisor(folder);
  const conf = join(folder, 'keepalived.conf');
  writeFileSync(conf, keepalivedText(kind, SERVICES, realservers), { mode: 0o600 });
  const pids = ['-p', join(folder, 'keepalived.pid'), '-c', join(folder, 'checkers.pid')];
  return start(['keepalived', '--dont-fork', '--check', '-f', conf, ...pids]);
}

/** Our VRRP process runs beside both peers; of keepalived's rounds its lateness is the control. */
async function round(peer: Peer, kind: Kind): Promise<CheckRound> {
  execFileSync('ipvsadm', ['-C']);
  const check = kind === 'tcp' ? '{ tcp: 80 }' : '{ http: /index.html, port: 80, status: 200 }';
  const stored = storedConfig({ services: SERVICES, realservers, check, distinct: true });
  const { config, vrrpSocket } = filesIn(folder);
  writeFileSync(config, JSON.stringify(stored));
  const vrrp = startVrrp(folder);
  const child = startPeer(peer, kind);
  try {
    await sleep(WARMUP_MS);
    const watch = new LatenessWatch(vrrpSocket);
    const [countBefore, before, from] = [await accepted(), usageOf(child.pid ?? 0), performance.now()];
    await sleep(seconds * 1000);
    const [after, elapsedMs, countAfter] = [usageOf(child.pid ?? 0), performance.now() - from, await accepted()];
    const late = await watch.end();
    return {
      ...{ peer, kind, elapsedMs, late },
      // the second count came by a connection of its own
      checks: countAfter - countBefore - 1,
      cpuMs: after.cpuMs - before.cpuMs,
      memoryMb: after.memoryMb,
    };
  } finally {
    await end(child);
    await end(vrrp);
  }
}

execFileSync('modprobe', ['-a', 'ip_vs', 'ip_vs_wlc', 'dummy']);
for (const words of ['link add dummy0 type dummy', 'link set dummy0 up', `addr add ${DIP}/24 dev dummy0`])
  execFileSync('ip', words.split(' '));
writeFileSync(join(folder, 'nginx.conf'), NGINX);
const nginx = start(['nginx', '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;']);
await until('nginx serves', () => accepted().then(Number.isFinite, () => false), 30_000);
const all: CheckRound[] = [];
for (let number = 0; number < rounds; number++)
  for (const kind of KINDS) for (const peer of PEERS) all.push(await round(peer, kind));
await end(nginx);
console.log(`RESULT ${JSON.stringify(all)}`);
