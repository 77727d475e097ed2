/** Checks with `via: vip` on real kernels: what they find that a check of the realserver's own address does not, and whom they blame. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { agentState } from '../../src/status/state.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { holders, lvsctl, sh } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

/** Fresh: each apply would wait until what other tests connected to is forgotten. */
const lab = labForTests({ fresh: true });
const VIP = '10.77.1.100';
const DIRECTORS = ['lb1', 'lb2'] as const;
/** A timeout or two at a check a second, and what a busy machine needs. */
const SOON_MS = 30_000;
/** Of each director's probes while nobody but web1 fails. */
const PROBES = inject('soak') ? 1_000 : 250;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-via-vip-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const DEFAULTS = 'check_defaults: { interval: 1s, timeout: 2s, retries: 1, retry_delay: 200ms, rise: 1 }';
const HEAD = `cluster: shop
directors:
  lb1: { dip: { eth1: 10.77.1.11, eth2: 10.77.2.11 } }
  lb2: { dip: { eth1: 10.77.1.12, eth2: 10.77.2.12 } }`;
const PUBLIC = `vrrp:
  public: { vrid: 51, vips: [${VIP}], prefer: [lb1, lb2] }`;

async function applied(...parts: readonly string[]): Promise<void> {
  const path = join(folder, 'topology.yaml');
  await writeFile(path, `${[HEAD, ...parts].join('\n')}\n`);
  const { exitCode, stdout, stderr } = await lvsctl(lab(), ['apply', path, '--yes']);
  if (exitCode !== 0) throw new Error(`apply ended with ${exitCode}\n${stdout}\n${stderr}`);
}

async function stateOf(machine: Machine) {
  const answer = await sh(lab(), machine, "printf 'GET /v1/state HTTP/1.0\\r\\n\\r\\n' | lvs-agent stdio");
  return agentState.parse(JSON.parse(answer.slice(answer.indexOf('{'))));
}

/** `web1 rip up, web1 vip down`: what both directors say of the service http, where they say the same. */
async function verdicts(): Promise<string> {
  const said = await Promise.all(
    DIRECTORS.map(async (director) => {
      const { checks } = await stateOf(director);
      const words = checks
        .filter(({ service }) => service === 'http')
        .map(
          ({ realserver, check, verdict }) =>
            `${realserver} ${check.includes(' through IPVS ') ? 'vip' : 'rip'} ${verdict}`,
        );
      return [...new Set(words)].sort().join(', ');
    }),
  );
  return new Set(said).size === 1 ? (said[0] ?? '') : said.join(' | ');
}

const settle = (wanted: string) => eventually(verdicts, (seen) => seen === wanted, SOON_MS);
const ALL_UP = 'web1 rip up, web1 vip up, web2 rip up, web2 vip up';

/** What a check by the VIP says of web1 on each director. */
async function causes(): Promise<(string | null)[]> {
  const states = await Promise.all(DIRECTORS.map(stateOf));
  return states.flatMap(({ checks }) =>
    checks
      .filter(({ realserver, check }) => realserver === 'web1' && check.includes(' through IPVS '))
      .map(({ lastError }) => lastError),
  );
}

/** Does it, looks, and always undoes it. */
async function during(text: string, undo: string, look: () => Promise<void>): Promise<void> {
  await sh(lab(), 'web1', text);
  try {
    await look();
  } finally {
    await sh(lab(), 'web1', undo);
  }
}

const REALSERVERS = `realservers:
  web1: { rip: 10.77.1.21 }
  web2: { rip: 10.77.1.22 }`;
const BOTH_WAYS = 'checks: [{ http: /index.html }, { http: /index.html, via: vip }]';

describe('direct routing', () => {
  beforeAll(async () => {
    await applied(
      ...[DEFAULTS, REALSERVERS, PUBLIC],
      'services:',
      `  http: { listen: ${VIP}:80, mode: dr, scheduler: wrr, ${BOTH_WAYS} }`,
      `  echo: { listen: ${VIP}:9/udp, mode: dr, scheduler: rr, realservers: [web2], checks: [{ udp: ping, expect: ping, via: vip, timeout: 1s }] }`,
      `  secure: { listen: ${VIP}:443, mode: dr, scheduler: rr, realservers: [web2], checks: [{ https: /, verify: false, via: vip }, { tcp: true, via: vip }] }`,
    );
    await eventually(
      () => holders(lab(), VIP),
      (found) => found.length === 1,
      SOON_MS,
    );
  });

  it('passes on MASTER and BACKUP, and its means are hidden and no strangers', async () => {
    await sh(
      lab(),
      'web2',
      `systemd-run --quiet --collect --unit=test-echo socat UDP-RECVFROM:9,bind=${VIP},fork EXEC:cat`,
    );
    try {
      await settle(ALL_UP);
      for (const director of DIRECTORS) {
        const { ipvs, alarms } = await eventually(
          () => stateOf(director),
          ({ checks }) => checks.filter(({ service, verdict }) => service !== 'http' && verdict === 'up').length === 3,
          SOON_MS,
        );
        expect(ipvs.services.map(({ name }) => name).sort()).toEqual(['echo', 'http', 'secure']);
        expect(alarms.filter((one) => one.includes('via: vip'))).toEqual([]);
        expect(await sh(lab(), director, 'ipvsadm -Ln | grep -c ^FWM')).toBe('2');
      }
      const { exitCode, stdout, stderr } = await lvsctl(lab(), ['plan', join(folder, 'topology.yaml')]);
      expect([exitCode, `${stdout}\n${stderr}`.match(/IPVS has services/)]).toEqual([0, null]);
    } finally {
      await sh(lab(), 'web2', 'systemctl stop test-echo');
    }
  });

  it('finds a missing VIP on the loopback, which the other check does not', async () => {
    await during(`ip address del ${VIP}/32 dev lo`, `ip address add ${VIP}/32 dev lo`, async () => {
      await settle('web1 rip up, web1 vip down, web2 rip up, web2 vip up');
      const why = expect.stringContaining(`${VIP}:80 (through IPVS to 10.77.1.21) did not answer within 2000 ms`);
      expect(await causes()).toEqual([why, why]);
    });
    await settle(ALL_UP);
  });

  it('finds an application that listens on its own address only', async () => {
    const config = '/etc/nginx/conf.d/lab.conf';
    const bound = `cp ${config} /run/lab.conf && sed -i 's/listen 80 /listen 10.77.1.21:80 /; /listen \\[/d' ${config} && systemctl restart nginx`;
    await during(bound, `cp /run/lab.conf ${config} && systemctl restart nginx`, async () => {
      await settle('web1 rip up, web1 vip down, web2 rip up, web2 vip up');
      const why = expect.stringContaining(`${VIP}:80 (through IPVS to 10.77.1.21) refused the connection`);
      expect(await causes()).toEqual([why, why]);
    });
    await settle(ALL_UP);
  });

  it('a table that was emptied behind our back is blamed on nobody', async () => {
    const since = await now();
    for (let round = 0; round < 5; round++) {
      await Promise.all(DIRECTORS.map((director) => sh(lab(), director, 'ipvsadm -C; sleep 1.5')));
    }
    await settle(ALL_UP);
    expect((await downs(since)).filter((line) => line.includes('http'))).toEqual([]);
  });
});

it('a dead tunnel is found', async () => {
  await applied(
    ...[DEFAULTS, REALSERVERS, PUBLIC],
    'services:',
    `  http: { listen: ${VIP}:80, mode: tun, scheduler: rr, ${BOTH_WAYS} }`,
  );
  await settle(ALL_UP);
  await during('ip link set tunl0 down', 'ip link set tunl0 up', async () => {
    await settle('web1 rip up, web1 vip down, web2 rip up, web2 vip up');
  });
  await settle(ALL_UP);
});

it('NAT with another port is probed there and back on both directors', async () => {
  await applied(
    DEFAULTS,
    'realservers:',
    '  web1: { rip: 10.77.2.21, gateway: 10.77.2.1 }',
    '  web2: { rip: 10.77.2.22, gateway: 10.77.2.1 }',
    `${PUBLIC.slice(0, -2)}, extra_vips: [{ address: 10.77.2.1, interface: eth2 }] }`,
    'services:',
    `  http: { listen: ${VIP}:8080, mode: nat, scheduler: rr, realservers: [{ name: web1, port: 80 }, { name: web2, port: 80 }], ${BOTH_WAYS} }`,
  );
  await settle(ALL_UP);
  await during('systemctl stop nginx', 'systemctl start nginx', async () => {
    await settle('web1 rip down, web1 vip down, web2 rip up, web2 vip up');
  });
  await settle(ALL_UP);
});

/** Seconds of the directors' clocks. */
async function now(): Promise<readonly string[]> {
  return Promise.all(DIRECTORS.map((director) => sh(lab(), director, 'date +%s.%N')));
}

/** Of both directors: who went down since then, and why. */
async function downs(since: readonly string[]): Promise<string[]> {
  const journals = await Promise.all(
    DIRECTORS.map((director, index) =>
      sh(
        lab(),
        director,
        `journalctl -u lvs-agent -o cat --no-pager --since=@${since[index]} | grep ' is down for ' || :`,
      ),
    ),
  );
  return journals.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

/** Connections that a director's IPVS has made by marks, probes all of them. */
async function probesOf(director: Machine): Promise<number> {
  const text = await sh(lab(), director, 'ipvsadm -Ln --stats --exact');
  const [, ...marked] = text.split(/^FWM /m);
  const counts = marked.flatMap((block) => /-> [\d.]+:\d+ +(\d+)/.exec(block)?.slice(1, 2) ?? []);
  return counts.reduce((sum, one) => sum + Number(one), 0);
}

it(`of ${PROBES} probes none blames the wrong realserver`, async () => {
  const use = (name: string): string =>
    `      - { name: ${name}, checks: [{ http: /, body: "^${name}\\n", via: vip, interval: 100ms, retries: 0, rise: 1 }] }`;
  await applied(
    ...[DEFAULTS, REALSERVERS, '  web3: { rip: 10.77.1.23 }', PUBLIC, 'services:'],
    `  http:\n    listen: ${VIP}:80\n    mode: dr\n    scheduler: rr\n    realservers:`,
    ...['web1', 'web2', 'web3'].map(use),
  );
  await settle('web1 vip up, web2 vip up, web3 vip up');
  const since = await now();
  const before = await Promise.all(DIRECTORS.map(probesOf));
  for (;;) {
    // what it leaves behind: connections that nobody answered, and some that were refused
    await during(`ip address del ${VIP}/32 dev lo`, `ip address add ${VIP}/32 dev lo`, () =>
      settle('web1 vip down, web2 vip up, web3 vip up').then(() => {}),
    );
    await during('systemctl stop nginx', 'systemctl start nginx', () =>
      settle('web1 vip down, web2 vip up, web3 vip up').then(() => {}),
    );
    const counts = await Promise.all(DIRECTORS.map(probesOf));
    if (counts.every((count, index) => count - (before[index] ?? 0) >= PROBES)) break;
  }
  await settle('web1 vip up, web2 vip up, web3 vip up');
  const blamed = await downs(since);
  expect(blamed.filter((line) => !line.includes('web1 is down'))).toEqual([]);
  // nobody else answered for it
  expect(blamed.filter((line) => line.includes('does not match'))).toEqual([]);
  expect(blamed.length).toBeGreaterThanOrEqual(4);
});
