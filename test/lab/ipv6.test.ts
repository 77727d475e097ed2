/**
 * Services over IPv6 with real traffic: direct routing and NAT side by side, on directors whose `dip`s are IPv6 alone, so that
 * VRRP, connection sync, checks and hand-overs go over IPv6, too.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, run } from '../../vm-lab/exec.ts';
import { powerOff, powerOn, reboot } from '../../vm-lab/faults.ts';
import { address6Of, type Machine, macOf } from '../../vm-lab/layout.ts';
import { startHeld, startRequests } from '../../vm-lab/traffic.ts';
import { apply, ask, holders, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

/** Fresh: other topologies hold other addresses, and their connections would be waited for. */
const lab = labForTests({ fresh: true });
const VIP = 'fd77:1::100';
const GATEWAY = 'fd77:2::1';
const DR = `http://[${VIP}]/`;
const NAT = 'http://[fd77:1::101]:8080/';
/** A busy machine needs longer than the few seconds of a failover, and TCP then asks again later and later. */
const PATIENCE_MS = 30_000;
const BOOTED_MS = 120_000;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-ipv6-'));
  await apply(lab(), 'ipv6');
  await forgetQuickly();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** lvsctl deletes nothing that the kernel remembers, and the kernel remembers an ended connection for two minutes. */
async function forgetQuickly(): Promise<void> {
  for (const machine of ['lb1', 'lb2'] as const) await attempt(lab(), machine, ['ipvsadm', '--set', '0', '2', '0']);
}

async function settled(): Promise<Machine> {
  await eventually(
    async () => ({
      owners: await holders(lab(), VIP),
      status: (await lvsctl(lab(), ['status', topology('ipv6')])).stdout,
    }),
    ({ owners, status }) => owners.length === 1 && /BACKUP/.test(status) && !/waits for|! /.test(status),
    BOOTED_MS,
  );
  const [owner = 'lb1'] = await holders(lab(), VIP);
  return owner;
}

async function expectNothingToChange(path: string): Promise<void> {
  const planned = await eventually(
    () => lvsctl(lab(), ['plan', path]),
    ({ exitCode }) => exitCode === 0,
    BOOTED_MS,
  );
  expect(planned.stdout + planned.stderr).toContain('Nothing to change');
}

/** Who answered the client's neighbour solicitation for the VIP, asked anew. */
async function neighbour(): Promise<string | undefined> {
  await sh(lab(), 'client', 'ip -6 neigh flush dev eth1');
  await ask(lab(), DR, 1);
  const listing = await sh(lab(), 'client', `ip -6 neigh show ${VIP} dev eth1`);
  return /lladdr (\S+)/.exec(listing)?.[1];
}

/** Requests, keep-alive connections and downloads in direct routing. */
function load() {
  const requests = startRequests(lab(), DR, { timeoutMs: PATIENCE_MS, freshSource: true });
  const held = startHeld(lab(), DR, {
    ...{ connections: 50, spacingMs: 40, downloads: 5, freshSource: true },
    patienceMs: PATIENCE_MS,
  });
  return {
    begun: () => requests.until(({ succeeded }) => succeeded > 300, 60_000),
    async ended() {
      const { causes, longestGap, succeeded } = await requests.stop();
      const { cutConnections, cutDownloads } = await held.stop();
      console.log(`${succeeded} requests, longest gap ${longestGap.ms.toFixed(0)} ms, ${cutConnections} cut`);
      return { causes, cutConnections, cutDownloads };
    },
  };
}

describe('IPv6 services', () => {
  it('are applied, and a second plan has nothing to change', async () => {
    await expectNothingToChange(topology('ipv6'));
    expect(await holders(lab(), VIP)).toEqual(['lb1']);
    expect(await holders(lab(), GATEWAY)).toEqual(['lb1']);
  });

  it('serve by direct routing as weights say', async () => {
    const { web1 = 0, web2 = 0, ...others } = await ask(lab(), DR, 39);
    expect(others).toEqual({});
    expect(Math.abs(web1 - 13) + Math.abs(web2 - 26)).toBeLessThanOrEqual(2);
  });

  it('serve by NAT, with answers that come back through the director', async () => {
    expect(await ask(lab(), NAT, 20)).toEqual({ web3: 20 });
    expect(await sh(lab(), 'web3', 'ip -6 rule')).toContain('from fd77:2::23 lookup 19542');
    expect(await sh(lab(), 'web3', `ip -6 route get ${address6Of('client', 'front')} from fd77:2::23`)).toContain(
      `via ${GATEWAY}`,
    );
    expect((await sh(lab(), 'lb1', 'sysctl -n net.ipv6.conf.all.forwarding')).trim()).toBe('1');
  });

  it('are held silently by realservers: only the MASTER answers for the VIP, and none speaks from it', async () => {
    const answers = new Set<string | undefined>();
    for (let round = 0; round < 10; round++) answers.add(await neighbour());
    expect([...answers]).toEqual([macOf('lb1', 'front')]);
    for (const web of ['web1', 'web2'] as const) {
      expect(await sh(lab(), web, `ip -6 -o addr show dev lo to ${VIP}`)).toMatch(/\/128 .*nodad deprecated/);
      const route = await sh(lab(), web, `ip -6 route get ${address6Of('client', 'front')}`);
      expect(route).toContain(`src ${address6Of(web, 'front')} `);
    }
  });

  it('are shown as ipvsadm shows them', async () => {
    const { stdout } = await lvsctl(lab(), ['status', topology('ipv6')]);
    expect(stdout).toMatch(/^TCP {2}\[fd77:1::100\]:80 wrr$/m);
    expect(stdout).toMatch(/^ {2}-> \[fd77:1::22\]:80 +Route +2 /m);
    expect(stdout).toMatch(/^TCP {2}\[fd77:1::101\]:8080 wlc$/m);
    expect(stdout).toMatch(/^ {2}-> \[fd77:2::23\]:80 +Masq +1 /m);
  });

  it('lose a realserver that does not answer its check, and take it back', async () => {
    await sh(lab(), 'web2', 'systemctl stop nginx');
    try {
      await eventually(
        () => ask(lab(), DR, 6),
        (got) => got['web1'] === 6,
        60_000,
      );
    } finally {
      await sh(lab(), 'web2', 'systemctl start nginx');
    }
    await eventually(
      () => ask(lab(), DR, 6),
      (got) => (got['web2'] ?? 0) > 0,
      60_000,
    );
  });

  it('are drained and undrained', async () => {
    const drained = await lvsctl(lab(), ['drain', 'web2', '-t', topology('ipv6')]);
    expect(drained.exitCode, drained.stderr).toBe(0);
    expect(await ask(lab(), DR, 12)).toEqual({ web1: 12 });
    const undrained = await lvsctl(lab(), ['undrain', 'web2', '-t', topology('ipv6')]);
    expect(undrained.exitCode, undrained.stderr).toBe(0);
    expect((await ask(lab(), DR, 12))['web2']).toBeGreaterThan(0);
  });
});

/** The other director has as many established connections as the MASTER: a sync message that is not full waits for two seconds. */
async function isSynced(owner: Machine): Promise<void> {
  const count = async (machine: Machine) =>
    Number(await sh(lab(), machine, "grep -c ' ESTABLISHED ' /proc/net/ip_vs_conn || :"));
  await eventually(
    () => Promise.all([count(owner), count(owner === 'lb1' ? 'lb2' : 'lb1')]),
    ([here = 0, there = 0]) => here >= 40 && there >= here,
    60_000,
  );
}

describe('IPv6 directors', () => {
  it('hand over by plan, there and back, and nothing of direct routing is lost', async () => {
    const owner = await settled();
    const other = owner === 'lb1' ? 'lb2' : 'lb1';
    const traffic = load();
    const moves: unknown[] = [];
    try {
      await traffic.begun();
      for (const to of [other, owner]) {
        const ran = await lvsctl(lab(), ['failover', 'outside', '--to', to, '-t', topology('ipv6'), '--json']);
        moves.push({ code: ran.exitCode, ...JSON.parse(ran.stdout).moves[0] });
        moves.push(await holders(lab(), VIP), await holders(lab(), GATEWAY));
        await settled();
      }
    } finally {
      expect(await traffic.ended()).toEqual({ causes: {}, cutConnections: 0, cutDownloads: 0 });
    }
    expect(moves).toMatchObject([
      ...[{ code: 0, to: other, outcome: 'done', left: 0 }, [other], [other]],
      ...[{ code: 0, to: owner, outcome: 'done', left: 0 }, [owner], [owner]],
    ]);
  });

  it('know the connections of one that has lost its power', async () => {
    const owner = await settled();
    const held = [DR, NAT].map((url) =>
      startHeld(lab(), url, {
        ...{ connections: 20, everyMs: 500, spacingMs: 20, freshSource: true },
        patienceMs: PATIENCE_MS,
      }),
    );
    try {
      await Promise.all(held.map((one) => one.until(({ held: all }) => all.length === 20, 60_000)));
      await isSynced(owner);
      await powerOff(lab(), owner);
      await eventually(
        () => holders(lab(), VIP, ['lb1', 'lb2'].filter((one) => one !== owner) as Machine[]),
        (found) => found.length === 1,
        60_000,
      );
    } finally {
      // Each must prove that it works before it counts as held.
      const cut = (await Promise.all(held.map((one) => one.stop()))).map(({ cutConnections }) => cutConnections);
      await powerOn(lab(), owner);
      expect(cut).toEqual([0, 0]);
    }
    await settled();
  });

  it('and realservers are the same after a reboot', async () => {
    await Promise.all((['lb1', 'lb2', 'web1', 'web3'] as const).map((machine) => reboot(lab(), machine)));
    await settled();
    await forgetQuickly();
    await eventually(
      async () => [await ask(lab(), DR, 6), await ask(lab(), NAT, 6)],
      ([dr = {}, nat = {}]) => (dr['web1'] ?? 0) > 0 && (dr['web2'] ?? 0) > 0 && nat['web3'] === 6,
      BOOTED_MS,
    );
    await expectNothingToChange(topology('ipv6'));
  });
});

describe('what goes with IPv6 services', () => {
  it('a mark for two ports, persistence by prefix, and a local sorry server', async () => {
    // What NAT has ended the kernel remembers for two minutes: its service stays.
    await applyEdition(`  web:
    listen: ["[${VIP}]:80", "[${VIP}]:443"]
    fwmark: auto
    mode: dr
    scheduler: rr
    persistence: { timeout: 5m, netmask: 120 }
    realservers: [web1, web2]
    checks: [{ http: /, port: 80 }]
    sorry: local
`);
    // The same /120, then another one.
    const clients = ['fd77:1::f:1', 'fd77:1::f:2', 'fd77:1::e:1'];
    const [first = ''] = clients;
    await sh(lab(), 'client', clients.map((one) => `ip addr add ${one}/64 dev eth1 nodad`).join('\n'));
    try {
      const one = await serversFor(DR, first);
      expect(one).toHaveLength(1);
      expect(await serversFor(DR, clients[1])).toEqual(one);
      expect(await serversFor(`https://[${VIP}]/`, first)).toEqual(one);
      expect(await serversFor(DR, clients[2])).not.toEqual(one);
      await Promise.all((['web1', 'web2'] as const).map((web) => sh(lab(), web, 'systemctl stop nginx')));
      await eventually(
        () => ask(lab(), DR, 3),
        (got) => got['lb1'] === 3 || got['lb2'] === 3,
        60_000,
      );
    } finally {
      await Promise.all((['web1', 'web2'] as const).map((web) => sh(lab(), web, 'systemctl start nginx')));
      await sh(lab(), 'client', clients.map((one) => `ip addr del ${one}/64 dev eth1`).join('\n'));
    }
  });

  it('tunnels of IPv6 in IPv6, to a realserver in another network, too', async () => {
    const service = `  http:
    listen: "[${VIP}]:80"
    mode: tun
    scheduler: rr
    realservers: [web1, web2]
    checks: [{ http: / }]
`;
    await applyEdition(service, (text) => text.replace('"fd77:1::22"', '"fd77:2::22"'));
    const capture = run(lab(), 'web2', ['timeout', '20', 'tcpdump', '-lnni', 'eth2', '-c', '1', 'ip6 proto 41']);
    await eventually(
      () => ask(lab(), DR, 40),
      (got) => got['web1'] === 20 && got['web2'] === 20,
      60_000,
    );
    expect(await capture).toMatch(/fd77:1::254\.\d+ > fd77:1::100\.80/);
  });

  it('is taken away with them', async () => {
    const text = await readFile(topology('dr'), 'utf8');
    const path = join(folder, 'dr.yaml');
    // Still a realserver, with nothing of IPv6.
    await writeFile(path, text.replace('\nvrrp:', '  web3: { rip: 10.77.1.23 }\n\nvrrp:'));
    await applyFile(path);
    for (const web of ['web1', 'web2', 'web3'] as const) {
      expect(await sh(lab(), web, 'ip -6 -o addr show dev lo')).not.toContain('fd77');
      expect(await sh(lab(), web, 'ip -6 rule')).not.toContain('19542');
      expect(await sh(lab(), web, 'ip -6 route show table 19542 2>&1 || :')).not.toContain('default');
      expect(await sh(lab(), web, 'ip -o link show up')).not.toContain('ip6tnl0');
    }
    expect(await ask(lab(), 'http://10.77.1.100/', 12)).toEqual({ web1: 3, web2: 6, web3: 3 });
  });
});

/** ipv6.yaml with another service in place of `http`, and nothing left to change. */
async function applyEdition(service: string, change = (text: string) => text): Promise<void> {
  const text = await readFile(topology('ipv6'), 'utf8');
  const path = join(folder, 'edition.yaml');
  const [before, after] = [text.indexOf('  http:\n'), text.indexOf('  app:\n')];
  await writeFile(path, change(text.slice(0, before) + service + text.slice(after)));
  await applyFile(path);
}

async function applyFile(path: string): Promise<void> {
  await forgetQuickly();
  const ran = await lvsctl(lab(), ['apply', path, '--yes']);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  await expectNothingToChange(path);
}

/** Who answers four requests from an address of the client. */
async function serversFor(url: string, from = ''): Promise<string[]> {
  const { servers } = await startRequests(lab(), url, { count: 4, from, timeoutMs: 2_000 }).report;
  return Object.keys(servers);
}
