/** What a service does when its realservers fail, on real kernels: the sorry server's place, quorum, fail-open, slow start. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHeld } from '../../vm-lab/traffic.ts';
import { ask, holders, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests();
const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
/** Checks every second, and what a busy machine needs. */
const SOON_MS = 30_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-policy-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The cluster of dr.yaml with fast checks and more keys of its service. */
async function applied(...lines: readonly string[]): Promise<void> {
  const text = await readFile(topology('dr'), 'utf8');
  const path = join(folder, 'topology.yaml');
  const checks = 'check_defaults: { interval: 1s, timeout: 1s, retries: 1, retry_delay: 200ms, rise: 2 }\n';
  await writeFile(path, `${checks}${text}${lines.map((line) => `    ${line}\n`).join('')}`);
  const { exitCode, stdout, stderr } = await lvsctl(lab(), ['apply', path, '--yes']);
  if (exitCode !== 0) throw new Error(`apply ended with ${exitCode}\n${stdout}\n${stderr}`);
  await settle('1=1 2=2');
}

/** `1=1 2=2` for web1 and web2, `sorry=1` for a destination on the loopback; as lb1's kernel has it. */
async function weights(): Promise<string> {
  const lines = (await sh(lab(), 'lb1', 'ipvsadm -Ln')).split('\n');
  const found = lines.flatMap((line) => {
    const [, address, weight] = /-> ([\d.]+):80 +\w+ +(\d+)/.exec(line) ?? [];
    // at weight 0 it only waits for its last connections to end
    if (address === undefined || (address === '127.0.0.1' && weight === '0')) return [];
    return [`${address === '127.0.0.1' ? 'sorry' : address.replace('10.77.1.2', '')}=${weight}`];
  });
  return found.sort().join(' ');
}

const settle = (wanted: string) => eventually(weights, (seen) => seen === wanted, SOON_MS);
const nginx = (how: 'start' | 'stop', ...machines: readonly ('web1' | 'web2')[]) =>
  Promise.all(machines.map((machine) => sh(lab(), machine, `systemctl ${how} nginx`)));

describe('the sorry server of the director itself', () => {
  it('has the place of the realservers while none lives, and gives it back', async () => {
    await applied('sorry: local');
    const [master = 'lb1'] = await holders(lab(), VIP);
    try {
      await nginx('stop', 'web1', 'web2');
      await settle('sorry=1');
      expect(await ask(lab(), URL, 20)).toEqual({ [master]: 20 });
    } finally {
      await nginx('start', 'web1', 'web2');
    }
    await settle('1=1 2=2');
    expect(await ask(lab(), URL, 30)).toEqual({ web1: 10, web2: 20 });
  });

  it('gets what is new when the quorum is lost, and connections to a realserver that lives go on', async () => {
    await applied('sorry: local', 'quorum: { weight: 3 }');
    const [master = 'lb1'] = await holders(lab(), VIP);
    const traffic = startHeld(lab(), URL, { connections: 12, freshSource: true });
    await traffic.until(({ held }) => held.length === 12, SOON_MS);
    try {
      await nginx('stop', 'web1');
      await eventually(weights, (seen) => seen.includes('sorry=1') && seen.includes('2=0'), SOON_MS);
      expect(await ask(lab(), URL, 20)).toEqual({ [master]: 20 });
    } finally {
      await nginx('start', 'web1');
    }
    await settle('1=1 2=2');
    const { held } = await traffic.stop();
    expect(held.filter(({ server, cut }) => server === 'web2' && cut !== undefined)).toEqual([]);
    expect(held.filter(({ server }) => server === 'web2').length).toBeGreaterThan(0);
  });
});

it('fail-open keeps both realservers in the table when their checks fail at once', async () => {
  await applied();
  try {
    await nginx('stop', 'web1', 'web2');
    await eventually(
      () => sh(lab(), 'lb1', 'lvs-agent ctl status'),
      (state) => state.includes('http fails open since'),
      SOON_MS,
    );
    await settle('1=1 2=2');
  } finally {
    await nginx('start', 'web1', 'web2');
  }
});

it('slow start raises a weight in the kernel step by step', async () => {
  await applied('slow_start: 10s');
  try {
    await nginx('stop', 'web2');
    await settle('1=1 2=0');
  } finally {
    await nginx('start', 'web2');
  }
  await settle('1=1 2=1');
  await settle('1=1 2=2');
});
