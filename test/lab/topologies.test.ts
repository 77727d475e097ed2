/**
 * Every topology that is meant for the lab: applied one after another on the same hosts (so each also has to take away what
 * the one before left), serving real traffic in its mode, planned again with nothing to change, and all of it the same after
 * every machine was rebooted.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { attempt, run } from '../../vm-lab/exec.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { apply, ask, holders, lvsctl, rebootAll, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

interface Case {
  readonly name: string;
  /** What each URL must be answered by, of 40 requests. */
  readonly traffic: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Who holds each VIP after the first apply. */
  readonly owners: Readonly<Record<string, Machine>>;
}

/** The cluster of most other files, which serve, plan and fail over: here it belongs to the full counts. */
const DR: readonly Case[] = inject('soak')
  ? [
      {
        name: 'dr',
        traffic: { 'http://10.77.1.100/': { web1: 13, web2: 27 } },
        owners: { '10.77.1.100': 'lb1' },
      },
    ]
  : [];

/**
 * Those of NAT come last: the kernel remembers their ended connections for two minutes whatever it was told (TIME_WAIT
 * cannot be set), and whatever takes a NAT service away waits for that. The full counts do wait, and see `dr` come back.
 */
const CASES: readonly Case[] = [
  {
    name: 'dual-master',
    traffic: { 'http://10.77.1.103/': { web1: 20, web2: 20 }, 'http://10.77.1.104/': { web1: 20, web2: 20 } },
    owners: { '10.77.1.103': 'lb1', '10.77.1.104': 'lb2' },
  },
  ...DR,
  { name: 'tun', traffic: { 'http://10.77.1.102/': { web1: 20, web2: 20 } }, owners: { '10.77.1.102': 'lb2' } },
  // Persistent: one client stays on one realserver.
  {
    name: 'fwmark',
    traffic: { 'http://10.77.1.105/': { one: 40 }, 'https://10.77.1.105/': { one: 40 } },
    owners: { '10.77.1.105': 'lb1' },
  },
  { name: 'vrrp-only', traffic: { 'http://10.77.1.107/': { director: 40 } }, owners: { '10.77.1.107': 'lb1' } },
  ...DR,
  {
    name: 'nat',
    traffic: { 'http://10.77.1.101:8080/': { one: 40 } },
    owners: { '10.77.1.101': 'lb1', '10.77.2.1': 'lb1' },
  },
  {
    name: 'one-director',
    traffic: { 'http://10.77.1.106/': { web1: 20, web2: 20 } },
    owners: { '10.77.1.106': 'lb1', '10.77.2.2': 'lb1' },
  },
  ...DR,
];

/**
 * What is kept over a reboot: lo VIPs and a tunnel in TUN (DR has the first alone, made by the same unit), return routes in NAT. The
 * full counts reboot every topology.
 */
function isRebooted(name: string): boolean {
  return inject('soak') || name === 'nat' || name === 'tun';
}

/**
 * The kernel remembers an ended connection for two minutes, and lvsctl deletes nothing that the kernel remembers: two
 * minutes for each topology that takes another one away. In DR and TUN two seconds will do to see it wait.
 */
async function forgetQuickly(): Promise<void> {
  await Promise.all(
    (['lb1', 'lb2'] as const).map((machine) => attempt(lab(), machine, ['ipvsadm', '--set', '0', '2', '0'])),
  );
}

const lab = labForTests({ fresh: true });

/**
 * Counts may differ by one where the scheduler does not begin at the first realserver; `one` is whichever
 * realserver answers all, `director` whichever director is MASTER.
 */
function like(wanted: Readonly<Record<string, number>>, got: Readonly<Record<string, number>>): boolean {
  if ('one' in wanted) return Object.values(got).length === 1 && Object.keys(got).every((name) => /^web\d$/.test(name));
  if ('director' in wanted)
    return Object.values(got).length === 1 && Object.keys(got).every((name) => /^lb\d$/.test(name));
  const names = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  return [...names].every(
    (name) => Math.abs((wanted[name] ?? 0) - (got[name] ?? 0)) <= (wanted[name] === undefined ? 0 : 1),
  );
}

describe('topologies in the lab', () => {
  it('has a case for every example but full.yaml, and that of IPv6, which has a file of its own', () => {
    const elsewhere = ['full.yaml', 'ipv6.yaml'];
    const examples = readdirSync(dirname(topology('dr'))).filter((file) => !elsewhere.includes(file));
    expect(new Set(['dr', ...CASES.map(({ name }) => name)].map((name) => `${name}.yaml`))).toEqual(new Set(examples));
  });

  describe.each(CASES)('$name', ({ name, traffic, owners }) => {
    it('applies, and a second plan has nothing to change', async () => {
      await apply(lab(), name);
      await forgetQuickly();
      const planned = await lvsctl(lab(), ['plan', topology(name)]);
      expect(planned.stdout + planned.stderr).toContain('Nothing to change');
      expect(planned.exitCode).toBe(0);
    });

    it('gives each VIP to the director that is preferred for it, and to it alone', async () => {
      for (const [vip, owner] of Object.entries(owners)) expect(await holders(lab(), vip)).toEqual([owner]);
    });

    it.each(Object.entries(traffic))('serves %s', async (url, wanted) => {
      const got = await ask(lab(), url, 40);
      expect(like(wanted, got), JSON.stringify(got)).toBe(true);
    });

    if (name === 'tun') {
      it('reaches the realserver as IPIP', async () => {
        const capture = run(lab(), 'web1', ['timeout', '10', 'tcpdump', '-lnni', 'eth1', '-c', '1', 'ip proto 4']);
        await ask(lab(), 'http://10.77.1.102/', 100);
        expect(await capture).toMatch(/10\.77\.1\.254\.\d+ > 10\.77\.1\.102\.80/);
      });
    }

    if (!isRebooted(name)) return;
    it('is the same after a reboot of every machine, without another apply', async () => {
      await rebootAll(lab());
      await forgetQuickly();
      for (const [url, wanted] of Object.entries(traffic)) {
        await eventually(
          () => ask(lab(), url, 40),
          (got) => like(wanted, got),
          60_000,
        );
      }
      const planned = await eventually(
        () => lvsctl(lab(), ['plan', topology(name)]),
        ({ exitCode }) => exitCode === 0,
        30_000,
      );
      expect(planned.stdout + planned.stderr).toContain('Nothing to change');
    });
  });
});
