/**
 * Changes that directors do not understand of each other, applied to a cluster that serves: they roll through a pinned BACKUP.
 * All the while requests are answered, one director alone has the VIP, and nobody else answers ARP for it; also when lvsctl is
 * killed between the two directors.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type AgentState, agentState, type InstanceState } from '../../src/status/state.ts';
import { cut, heal } from '../../vm-lab/faults.ts';
import { type Machine, macOf } from '../../vm-lab/layout.ts';
import { startRequests } from '../../vm-lab/traffic.ts';
import { apply, holders, lvsctl, type Ran, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';
import { lookOn } from './onlookers.ts';
import { startLvsctl } from './running.ts';

const lab = labForTests();
const VIP = '10.77.1.100';
/** master_down of version 3 and 2 at priority 100, and an interval on top: who is not held has become MASTER by then. */
const MASTER_DOWN_MS = 3000 + ((256 - 100) / 256) * 1000 + 1000;

let folder = '';
let edition = 0;

/** dr.yaml with other lines in its instance. */
async function speaking(...lines: readonly string[]): Promise<string> {
  edition += 1;
  const text = await readFile(topology('dr'), 'utf8');
  const vrid = lines.some((line) => line.startsWith('vrid:')) ? '' : '    vrid: 51\n';
  const path = join(folder, `speaking-${edition}.yaml`);
  await writeFile(path, text.replace('    vrid: 51\n', `${vrid}${lines.map((line) => `    ${line}\n`).join('')}`));
  return path;
}

async function applied(path: string): Promise<Ran> {
  const ran = await lvsctl(lab(), ['apply', path, '--yes']);
  expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

async function states(path: string): Promise<Record<string, AgentState & { readonly public: InstanceState }>> {
  const { stdout } = await lvsctl(lab(), ['status', path, '--json']);
  const { directors } = JSON.parse(stdout) as { directors: { director: string; state: unknown }[] };
  return Object.fromEntries(
    directors.map(({ director, state: told }) => {
      const state = agentState.parse(told);
      const instance = state.vrrp.instances.find(({ name }) => name === 'public');
      if (instance === undefined) throw new Error(`${director} has no instance public`);
      return [director, { ...state, public: instance }];
    }),
  );
}

/** Asked on the machine itself. */
async function stateOf(machine: Machine): Promise<AgentState> {
  const answer = await sh(lab(), machine, "printf 'GET /v1/state HTTP/1.0\\r\\n\\r\\n' | lvs-agent stdio");
  return agentState.parse(JSON.parse(answer.slice(answer.indexOf('{'))));
}

/** lb1 serves, lb2 hears it, and nobody is held. */
async function settled(path: string): Promise<void> {
  await eventually(
    () => states(path),
    ({ lb1, lb2 }) =>
      lb1?.public.state === 'MASTER' && lb2?.public.master === '10.77.1.11' && lb2.public.waitingFor === null,
    30_000,
  );
}

/** What clients, kernels and ARP must not have noticed of `work`. */
async function unnoticed(work: () => Promise<void>): Promise<void> {
  const onlookers = await lookOn(lab(), VIP);
  const requests = startRequests(lab(), `http://${VIP}/`, { timeoutMs: 2_000 });
  try {
    await requests.until(({ succeeded }) => succeeded > 50, 20_000);
    await work();
  } finally {
    onlookers.end();
  }
  const { sent, causes, longestGap } = await requests.stop();
  console.log(`${sent} requests, failed: ${JSON.stringify(causes)}, longest gap ${longestGap.ms.toFixed(0)} ms`);
  expect(causes).toEqual({});
  expect(onlookers.seen('lb1').lost).toBe(0);
  expect(onlookers.seen('lb2')).toEqual({ given: 0, lost: 0 });
  expect(onlookers.answering).toEqual([macOf('lb1', 'front')]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinned-'));
  await apply(lab(), 'dr');
  if (!(await holders(lab(), VIP)).includes('lb1')) throw new Error('lb1 is not MASTER');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a change that directors do not understand of each other', () => {
  it('whose apply is killed between them leaves the BACKUP pinned, and the next apply goes on', async () => {
    const path = await speaking('vrid: 61');
    await unnoticed(async () => {
      const { stdout: plan } = await lvsctl(lab(), ['plan', path]);
      expect(plan.match(/! VRRP public: VRID 51 → 61 +\(rolls through a pinned BACKUP\)/g)).toHaveLength(2);
      expect(plan).toMatch(/^pinned: while its directors do not understand each other, /m);
      const running = startLvsctl(lab(), ['apply', path, '--yes']);
      await running.says(/ lb2: held as BACKUP/);
      await cut(lab(), 'lb1', 'mgmt'); // so that it cannot come as far as there
      await running.says(/ lb1: director/);
      running.kill();
      await running.ended;
      const killedMs = Date.now();
      const half = await eventually(
        () => stateOf('lb2'),
        ({ vrrp }) => vrrp.instances[0]?.master === null && Date.now() - killedMs > 2 * MASTER_DOWN_MS,
        60_000,
      );
      expect(half.vrrp.instances).toMatchObject([{ vrid: 61, state: 'BACKUP' }]);
      expect(half.alarms).toEqual([
        expect.stringMatching(/^lb1 has generation \d+ of the configuration, this director \d+$/),
      ]);
      await heal(lab()); // what was on its way to lb1 may come there now
      const { stdout: status } = await lvsctl(lab(), ['status', path]);
      expect(status).toMatch(/^public +61 +lb2 +BACKUP .*waits for release by lvsctl apply \(VRID 51 → 61\)/m);
      expect(status).toMatch(
        /^! lb2: public is held as BACKUP by lvsctl apply \(VRID 51 → 61\), as long as .*, apply again$/m,
      );
      await applied(path);
      await settled(path);
    });
    expect((await lvsctl(lab(), ['plan', path])).stdout).toMatch(/^Nothing to change$/m);
  });

  const version2 = ['version: 2'];
  const password = (pass: string) => ['version: 2', `authentication: { pass: ${pass} }`];
  it.runIf(inject('soak')).each<[string, readonly string[], readonly string[]]>([
    ['the version', [], version2],
    ['the first password', version2, password('one')],
    ['another password', password('one'), password('two')],
    ['the transport', [], ['transport: multicast']],
    ['all of it at once', password('two'), ['vrid: 62', 'transport: multicast']],
  ])('is noticed by nobody: %s', async (_what, before, after) => {
    await applied(await speaking(...before));
    const path = await speaking(...after);
    await unnoticed(async () => {
      await applied(path);
      await settled(path);
    });
  });
});
