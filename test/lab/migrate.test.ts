/**
 * A keepalived pair changes hands under requests, director by director, and goes back: import, migrate the BACKUP, live as a mixed
 * pair, migrate the MASTER, and the ways back. Each phase tells how many requests failed and for how long none succeeded.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { script } from '../../vm-lab/exec.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { startRequests } from '../../vm-lab/traffic.ts';
import { holders, lvsctl, type Ran, sh } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';
import { startLvsctl } from './running.ts';

/** The MASTER's turn and the way back take three minutes more: the quick run ends with a pair of one keepalived and one agent. */
const IS_WHOLE = inject('soak');
const lab = labForTests({ fresh: true });
const CONF = resolve(import.meta.dirname, '../convert/keepalived/cases/pair');
const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
const ENV = { VRRP_PASS_SHOP: 's3cret' };
const DIRECTORS = ['lb1', 'lb2'] as const;
/** Skew of lb2 (RFC 9568 section 6.1), and what a busy machine may add. */
const FAREWELL_MS = ((256 - 100) / 256) * 1000 + 1000;

let folder = '';
let topology = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-migrate-'));
  topology = join(folder, 'topology.yaml');
  for (const web of ['web1', 'web2'] as const) {
    const silent = ['all', 'lo'].map(
      (name) => `net.ipv4.conf.${name}.arp_ignore=1 net.ipv4.conf.${name}.arp_announce=2`,
    );
    await script(lab(), web, `sysctl -qw ${silent.join(' ')}\nip address add ${VIP}/32 dev lo`);
  }
  for (const director of DIRECTORS) {
    const conf = await readFile(join(CONF, `${director}.conf`), 'utf8');
    await script(
      lab(),
      director,
      `cat >/etc/keepalived/keepalived.conf <<'END'\n${conf}END\nsystemctl enable --now keepalived`,
    );
  }
  await owner('lb1');
  await eventually(
    () => script(lab(), 'lb1', 'ipvsadm -Ln'),
    (table) => (table.match(/:80 +Route +1 /g) ?? []).length === 2,
    60_000,
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function owner(machine: Machine): Promise<void> {
  await eventually(
    () => holders(lab(), VIP),
    (found) => found.join() === machine,
    60_000,
  );
}

const asked = (...args: string[]): Promise<Ran> => lvsctl(lab(), [...args, '-t', topology], ENV);

function expectDone(ran: Ran): void {
  expect(ran.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  if (ran.exitCode !== 0) throw new Error(`exit ${ran.exitCode}\n${ran.stdout}\n${ran.stderr}`);
}

const active = (machine: Machine, unit: string): Promise<string> =>
  sh(lab(), machine, `systemctl is-active ${unit} || :; systemctl is-enabled ${unit} || :`);

/** What clients notice while something happens. */
async function during(what: string, work: () => Promise<void>): Promise<{ failed: number; gapMs: number }> {
  const requests = startRequests(lab(), URL, { timeoutMs: 1_000 });
  await requests.until(({ succeeded }) => succeeded > 50, 20_000);
  await work();
  const { succeeded } = requests.latest() ?? { succeeded: 0 };
  await requests.until((figures) => figures.succeeded > succeeded + 200, 20_000);
  const { sent, failed, causes, longestGap } = await requests.stop();
  const at = new Date(longestGap.fromMs).toISOString().slice(11, 23);
  console.log(
    `${what}: ${failed} of ${sent} requests failed ${JSON.stringify(causes)}, longest gap ${Math.round(longestGap.ms)} ms at ${at}`,
  );
  return { failed, gapMs: longestGap.ms };
}

describe('a pair of keepalived', () => {
  it('becomes a topology that the lab has', async () => {
    const files = DIRECTORS.map((name) => join(CONF, `${name}.conf`));
    const names = ['--name', '10.77.1.21=web1', '--name', '10.77.1.22=web2', '--cluster', 'shop'];
    const ran = await lvsctl(lab(), ['import', ...files, ...names]);
    expect(ran.exitCode).toBe(0);
    await writeFile(topology, ran.stdout);
  });

  it('is not applied upon: that is what migrate is for', async () => {
    const ran = await asked('apply', '--yes');
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('lvsctl migrate lb2');
    expect(await active('lb2', 'keepalived')).toBe('active\nenabled');
  });

  it('is told where the topology does not say what keepalived says', async () => {
    const other = join(folder, 'other.yaml');
    await writeFile(
      other,
      (await readFile(topology, 'utf8')).replace('vrid: 51', 'vrid: 52').replace(':80\n', ':81\n'),
    );
    const ran = await lvsctl(lab(), ['migrate', 'lb2', '--yes', '-t', other], ENV);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('lb2: keepalived runs VRID 51 (shop), and the topology has no such instance');
    expect(ran.stderr).toContain('lb2: keepalived balances 10.77.1.100:80, and the topology has no such service');
    expect(await active('lb2', 'keepalived')).toBe('active\nenabled');
  });

  it('changes hands on its BACKUP without a failed request', async () => {
    const { failed } = await during('migrate lb2, BACKUP', async () =>
      expectDone(await asked('migrate', 'lb2', '--yes')),
    );
    expect(failed).toBe(0);
    await owner('lb1');
    expect(await active('lb2', 'keepalived')).toBe('inactive\ndisabled');
    expect(await active('lb2', 'lvs-agent')).toBe('active\nenabled');
  });
});

describe('a keepalived and an lvs-agent', () => {
  it('are shown as what they are', async () => {
    const { stdout, exitCode } = await asked('status');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/lb1 +MASTER +110 .*keepalived \(not managed yet\)/);
    expect(stdout).toMatch(/lb2 +BACKUP +100/);
    expect(await asked('migrate', 'lb2', '--yes')).toMatchObject({ exitCode: 0 });
  });

  it('fail over both ways', async () => {
    const there = await during('keepalived stops on lb1', async () => {
      await script(lab(), 'lb1', 'systemctl stop keepalived');
      await owner('lb2');
    });
    expect(there.gapMs).toBeLessThan(FAREWELL_MS);
    const back = await during('keepalived starts on lb1 and pre-empts', async () => {
      await script(lab(), 'lb1', 'systemctl start keepalived');
      await owner('lb1');
    });
    expect(back.gapMs).toBeLessThan(FAREWELL_MS);
  });

  it.runIf(IS_WHOLE)('change hands on the MASTER, make before break', async () => {
    const { gapMs } = await during('migrate lb1, MASTER', async () =>
      expectDone(await asked('migrate', 'lb1', '--yes')),
    );
    expect(gapMs).toBeLessThan(FAREWELL_MS);
    expect(await active('lb1', 'keepalived')).toBe('inactive\ndisabled');
    await owner('lb1'); // it pre-empts, as keepalived.conf has it
    const plan = await asked('plan', '--limit', 'lb1,lb2');
    // a lame duck tells of every packet for a while
    const left = plan.stdout.split('\n').filter((line) => /^ +[-+~!] /.test(line) && !line.includes('sync_threshold'));
    expect(left).toEqual([]);
  });
});

describe.runIf(IS_WHOLE)('a pair of lvs-agents', () => {
  it('goes back on the MASTER: keepalived as it was', async () => {
    const { gapMs } = await during('migrate lb1 --back', async () => {
      expectDone(await asked('migrate', 'lb1', '--back', '--yes'));
      await owner('lb1');
    });
    expect(gapMs).toBeLessThan(2 * FAREWELL_MS);
    expect(await active('lb1', 'keepalived')).toBe('active\nenabled');
    const left = await script(
      lab(),
      'lb1',
      'ls /etc/systemd/system/lvs-* /etc/sysctl.d/*lvsctl* /usr/local/lib/lvsctl 2>&1 || :',
    );
    expect(left).not.toMatch(/lvs-agent\.service$|99-zz-lvsctl\.conf$/m);
    expect(await script(lab(), 'lb1', 'ipvsadm -Ln')).toMatch(/10\.77\.1\.21:80 +Route +1 /);
    // keepalived made them itself: it found none of ours
    const said = await script(lab(), 'lb1', 'journalctl -u keepalived --no-pager -o cat --since -3min');
    expect(said).not.toMatch(/already (exists|run)/);
    expect(await script(lab(), 'lb1', 'ipvsadm -Ln --daemon')).toMatch(/^master sync daemon .*syncid=51/);
  });

  it('goes back on both, also when lvsctl was killed in the middle', async () => {
    for (const word of [/files/, /lvs-agent ends/]) {
      const running = startLvsctl(lab(), ['migrate', 'lb2', '--back', '--yes', '-t', topology], undefined, ENV);
      await running.says(word);
      running.kill();
      await running.ended;
      expectDone(await asked('migrate', 'lb2', '--back', '--yes'));
      expect(await active('lb2', 'keepalived')).toBe('active\nenabled');
      expectDone(await asked('migrate', 'lb2', '--yes'));
    }
    const { failed } = await during('migrate lb2 --back, BACKUP', async () =>
      expectDone(await asked('migrate', 'lb2', '--back', '--yes')),
    );
    expect(failed).toBe(0);
    await owner('lb1');
    expect(await active('lb2', 'keepalived')).toBe('active\nenabled');
  });
});
