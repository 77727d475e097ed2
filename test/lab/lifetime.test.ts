/** Labs come and go without a trace: beside each other, interrupted, killed. */
import { spawn } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { run } from '../../vm-lab/exec.ts';
import { openLab } from '../../vm-lab/lab.ts';
import { findNamespace, processesOf } from '../../vm-lab/namespace.ts';
import { placeOf } from '../../vm-lab/place.ts';
import { down, up } from '../../vm-lab/up.ts';
import { eventually, labForTests, TEST_LAB } from './lab-for-tests.ts';

const first = labForTests();
const other = placeOf(`${TEST_LAB}-other`);
const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

afterEach(async () => {
  await down(other);
});

/** Processes of this machine that speak of the lab's folder: machines, the keeper, kept connections. */
async function tracesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(`${folder}/`)).map((line) => line.replaceAll('\0', ' '));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function expectNothingLeft(pids: readonly number[]): Promise<void> {
  const isGone = await Promise.all(pids.map(async (pid) => !(await isThere(`/proc/${pid}/exe`))));
  expect(isGone.every(Boolean)).toBe(true);
  await eventually(
    () => tracesOf(other.folder),
    (traces) => traces.length === 0,
  );
  expect(await isThere(other.folder)).toBe(false);
}

it('runs two labs side by side, each with the same addresses and its own machines', async () => {
  await up(other, { profile: 'default' });
  const second = await openLab(other.name);
  await run(second, 'web1', ['touch', '/root/second']);
  expect(await run(second, 'web1', ['ls', '/root'])).toBe('second');
  expect(await run(first(), 'web1', ['ls', '/root'])).not.toContain('second');
  await run(second, 'client', ['curl', '-sf', 'http://10.77.1.21/']);
  const pids = await processesOf(second.namespace);
  expect(pids.length).toBeGreaterThan(10);
  expect(await down(other)).toBe(true);
  await expectNothingLeft(pids);
  expect(await run(first(), 'client', ['curl', '-sf', 'http://10.77.1.21/'])).toBe('web1');
});

it('takes a lab down whose terminal was killed while it booted', async () => {
  const booting = spawn(process.execPath, [CLI, 'lab', 'up', '--name', other.name], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  booting.stderr.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  await eventually(
    async () => told,
    (text) => text.includes('web3: booting'),
    60_000,
  );
  booting.kill('SIGKILL');
  const namespace = await findNamespace(other);
  expect(namespace).toBeDefined();
  const pids = namespace === undefined ? [] : await processesOf(namespace);
  await expect(openLab(other.name)).rejects.toThrow('interrupted');
  await expect(up(other, { profile: 'default' })).rejects.toThrow('interrupted');
  expect(await down(other)).toBe(true);
  await expectNothingLeft(pids);
});

it('takes away what it began when it is interrupted', async () => {
  const booting = spawn(process.execPath, [CLI, 'lab', 'up', '--name', other.name], { stdio: 'ignore' });
  await eventually(async () => await findNamespace(other), Boolean, 60_000);
  const ended = new Promise((done) => booting.on('close', done));
  booting.kill('SIGINT');
  expect(await ended).toBe(130);
  await expectNothingLeft([]);
});

it('says so when there is nothing to take down, and nothing to talk to', async () => {
  expect(await down(other)).toBe(false);
  await expect(openLab(other.name)).rejects.toThrow(`the lab ${other.name} is not up`);
});

it('refuses another profile than the one that is up', async () => {
  await expect(up(placeOf(TEST_LAB), { profile: 'hostile' })).rejects.toThrow('is up with the profile default');
});
