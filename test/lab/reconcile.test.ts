/** The kernel's table against the configuration: whatever somebody changes behind the agent's back, and what a change of ours keeps. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startHeld } from '../../vm-lab/traffic.ts';
import { holders, lvsctl, type Ran, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests();
const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
const SERVICE = `-t ${VIP}:80`;
const FOREIGN = '-t 10.77.1.99:99';
/** The agent looks twice a second; the rest is for a machine that others use too. */
const MENDED_MS = 5_000;
const CLEARED = inject('soak') ? 30 : 5;

let folder = '';
let editions = 0;
let asWanted = '';

const table = async () => (await sh(lab(), 'lb1', 'ipvsadm -Sn | sort')).trim();
const mended = () => eventually(table, (text) => text === asWanted, MENDED_MS);

/** dr.yaml with one text in place of another. */
async function applied(was = '', is = ''): Promise<Ran> {
  const text = await readFile(topology('dr'), 'utf8');
  if (!text.includes(was)) throw new Error(`dr.yaml has no ${was}`);
  const path = join(folder, `edition-${editions++}.yaml`);
  await writeFile(path, text.replace(was, is));
  return lvsctl(lab(), ['apply', path, '--yes']);
}

async function expectApplied(was = '', is = ''): Promise<void> {
  const ran = await applied(was, is);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-reconcile-'));
  await expectApplied();
  asWanted = await eventually(table, (text) => /:80 -g -w 1\n.*:80 -g -w 2/.test(text), 60_000);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('the table comes back after ipvsadm -C', async () => {
  // on the director's own clock: what SSH takes is not in it
  const script = `want=$(ipvsadm -Sn | sort)
for time in $(seq ${CLEARED}); do
  # anywhere between two looks
  sleep 0.$(( time * 37 % 90 + 10 ))
  began=$(date +%s%N)
  ipvsadm -C
  tries=0
  while [ "$(ipvsadm -Sn | sort)" != "$want" ]; do
    tries=$((tries + 1)); [ $tries -lt 500 ] || exit 1
    sleep 0.01
  done
  echo $(( ($(date +%s%N) - began) / 1000000 ))
done`;
  const tookMs = (await sh(lab(), 'lb1', script)).trim().split('\n').map(Number);
  console.log(`mended after ${tookMs.join(', ')} ms`);
  expect(tookMs).toHaveLength(CLEARED);
  expect(Math.max(...tookMs)).toBeLessThan(MENDED_MS);
});

it.each([
  ['a service deleted', `ipvsadm -D ${SERVICE}`],
  ['a realserver deleted', `ipvsadm -d ${SERVICE} -r 10.77.1.21:80`],
  ['a weight changed', `ipvsadm -e ${SERVICE} -r 10.77.1.22:80 -g -w 77`],
  ['a mode changed', `ipvsadm -e ${SERVICE} -r 10.77.1.22:80 -i -w 2`],
  ['a scheduler changed', `ipvsadm -E ${SERVICE} -s rr`],
  ['persistence added', `ipvsadm -E ${SERVICE} -s wrr -p 60`],
  ['thresholds added', `ipvsadm -e ${SERVICE} -r 10.77.1.21:80 -g -w 1 -x 5 -y 2`],
  ['a realserver added', `ipvsadm -a ${SERVICE} -r 10.77.1.23:80 -g`],
])('%s by hand is set right', async (_what, command) => {
  await sh(lab(), 'lb1', command);
  await mended();
});

it('a service that is not ours is left alone', async () => {
  await sh(lab(), 'lb1', `ipvsadm -A ${FOREIGN} -s lc && ipvsadm -a ${FOREIGN} -r 10.77.1.21:99 -g -w 5`);
  try {
    const withForeign = await table();
    expect(withForeign).toContain('10.77.1.99:99');
    // ours is mended around it, by hand and by apply
    await sh(lab(), 'lb1', `ipvsadm -D ${SERVICE}`);
    await eventually(table, (text) => text === withForeign, MENDED_MS);
    await expectApplied('weight: 2', 'weight: 3');
    await expectApplied();
    await eventually(table, (text) => text === withForeign, MENDED_MS);
  } finally {
    await sh(lab(), 'lb1', `ipvsadm -D ${FOREIGN}`);
  }
});

/** Not over a cleared table: a kernel without any service leaves packets to the director's own TCP, which resets what it does not know. */
describe('connections that are held go on', () => {
  it.each([
    ['another scheduler', () => expectApplied('scheduler: wrr', 'scheduler: { name: mh, flags: [port] }')],
    ['another weight', () => expectApplied('weight: 2', 'weight: 5')],
  ])('over %s', async (_what, change) => {
    expect(await holders(lab(), VIP)).toEqual(['lb1']);
    const traffic = startHeld(lab(), URL, { connections: 20, downloads: 2, patienceMs: 20_000 });
    try {
      await traffic.until(({ held }) => held.length === 22, 60_000);
      await traffic.until(
        ({ held }) => held.every(({ server, cut }) => server !== undefined || cut !== undefined),
        60_000,
      );
      await change();
      await expectApplied();
      await mended();
    } finally {
      const { held } = await traffic.stop();
      expect(held.filter(({ cut, server }) => cut !== undefined || server === undefined)).toEqual([]);
    }
  });
});

describe('a scheduler that the kernel has no module for', () => {
  const MODULES = '/lib/modules/$(uname -r)/kernel/net/netfilter/ipvs';
  const missing = (isMissing: boolean) =>
    sh(
      lab(),
      'lb2',
      isMissing
        ? `rmmod ip_vs_fo 2>/dev/null || :; mv ${MODULES}/ip_vs_fo.ko /root/ && depmod`
        : `mv /root/ip_vs_fo.ko ${MODULES}/ && depmod`,
    );

  it('is named, with the command that brings it, and nothing is changed', async () => {
    await missing(true);
    try {
      const ran = await applied('scheduler: wrr', 'scheduler: fo');
      expect(ran.exitCode).toBe(2);
      expect(ran.stderr).toMatch(/error: lb2: the kernel has no module ip_vs_fo; install it: apt-get install /);
      expect(await table()).toBe(asWanted);
    } finally {
      await missing(false);
    }
    await expectApplied('scheduler: wrr', 'scheduler: fo');
    await expectApplied();
    await mended();
  });
});
