/** Upgrades of the agent under load: no request is lost, nobody changes roles, and VRRP restarts only when it is another one. */
import { appendFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentState } from '../../src/status/state.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { startRequests } from '../../vm-lab/traffic.ts';
import { apply, sh, topology, vrrpPid } from './cluster.ts';
import { labForTests } from './lab-for-tests.ts';

const lab = labForTests();
const ROOT = resolve(import.meta.dirname, '../..');
const DIRECTORS = ['lb1', 'lb2'] as const;
const folders: string[] = [];

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

beforeAll(async () => {
  await apply(lab(), 'dr');
});

/** A package like this one, but for these bundles. */
async function nextVersion(changed: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lvsctl-next-'));
  folders.push(folder);
  for (const part of ['bin', 'dist', 'package.json']) {
    await cp(join(ROOT, part), join(folder, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const bundle of changed) await appendFile(join(folder, 'dist', bundle), `// ${folder}\n`);
  return folder;
}

async function standing(machine: Machine) {
  const answer = await sh(lab(), machine, "printf 'GET /v1/state HTTP/1.0\\r\\n\\r\\n' | lvs-agent stdio");
  const { release, vrrp } = agentState.parse(JSON.parse(answer.slice(answer.indexOf('{'))));
  const pid = await vrrpPid(lab(), machine);
  return { release, pid, roles: vrrp.instances.map(({ name, state }) => `${name} ${state}`) };
}

it.each([
  ['only the agent', ['agent.mjs'], false],
  ['the VRRP process too', ['agent.mjs', 'vrrp.mjs'], true],
])('an upgrade of %s loses no request', async (_what, changed, isVrrpNew) => {
  const folder = await nextVersion(changed);
  const before = await Promise.all(DIRECTORS.map(standing));
  const traffic = startRequests(lab(), 'http://10.77.1.100/', { timeoutMs: 2_000 });
  await traffic.until(({ succeeded }) => succeeded > 50, 10_000);
  await execa(join(folder, 'bin/lvsctl'), ['apply', topology('dr'), '--yes', '-i', lab().place.inventory], {
    stdin: 'ignore',
  });
  const { succeeded } = traffic.latest() ?? { succeeded: 0 };
  await traffic.until((figures) => figures.succeeded > succeeded + 300, 20_000);
  const { failed } = await traffic.stop();
  expect(failed).toBe(0);
  const after = await Promise.all(DIRECTORS.map(standing));
  expect(after.map(({ roles }) => roles)).toEqual(before.map(({ roles }) => roles));
  expect(after.map(({ release }, at) => release !== before[at]?.release)).toEqual([true, true]);
  expect(after.map(({ pid }, at) => pid !== before[at]?.pid)).toEqual([isVrrpNew, isVrrpNew]);
});
