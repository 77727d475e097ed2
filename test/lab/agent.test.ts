/** The supervisor on real kernels: what it does when realservers, the kernel's table or it itself fail. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { agentState } from '../../src/status/state.ts';
import { attempt } from '../../vm-lab/exec.ts';
import type { Machine } from '../../vm-lab/layout.ts';
import { startRequests } from '../../vm-lab/traffic.ts';
import { ask, holders, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests();
const VIP = '10.77.1.100';
const URL = `http://${VIP}/`;
/** Of the checks: the defaults in the full counts, and what is shorter in a quick run. */
const TIMING = inject('soak')
  ? { intervalMs: 5_000, timeoutMs: 2_000, retries: 2, retryDelayMs: 1_000 }
  : { intervalMs: 1_000, timeoutMs: 2_000, retries: 1, retryDelayMs: 500 };
/** And a second for a busy machine. */
const DETECTION_MS =
  TIMING.intervalMs + (1 + TIMING.retries) * TIMING.timeoutMs + TIMING.retries * TIMING.retryDelayMs + 1_000;
/** rise probes, an interval apart, the first at most an interval away. */
const RECOVERY_MS = 2 * TIMING.intervalMs + 2_000;
let folder = '';

async function stateOf(machine: Machine) {
  const answer = await sh(lab(), machine, "printf 'GET /v1/state HTTP/1.0\\r\\n\\r\\n' | lvs-agent stdio");
  return agentState.parse(JSON.parse(answer.slice(answer.indexOf('{'))));
}

/** `web1=1 web2=2`, as the kernel has it. */
async function weights(machine: Machine): Promise<string> {
  const lines = (await sh(lab(), machine, 'ipvsadm -Ln')).split('\n');
  const found = lines.flatMap((line) => /-> 10\.77\.1\.2(\d):80 +\w+ +(\d+)/.exec(line)?.slice(1, 3).join('=') ?? []);
  return found.sort().join(' ');
}

const settle = (machine: Machine, wanted: string, timeoutMs: number) =>
  eventually(
    () => weights(machine),
    (seen) => seen === wanted,
    timeoutMs,
  );

/** dr.yaml with this timing. */
async function applyTimed(): Promise<void> {
  const { intervalMs, timeoutMs, retries, retryDelayMs } = TIMING;
  const defaults = `check_defaults: { interval: ${intervalMs}ms, timeout: ${timeoutMs}ms, retries: ${retries}, retry_delay: ${retryDelayMs}ms }`;
  folder = await mkdtemp(join(tmpdir(), 'timed-'));
  const path = join(folder, 'timed.yaml');
  await writeFile(path, `${await readFile(topology('dr'), 'utf8')}\n${defaults}\n`);
  const { exitCode, stdout, stderr } = await lvsctl(lab(), ['apply', path, '--yes']);
  if (exitCode !== 0) throw new Error(`apply ended with ${exitCode}\n${stdout}\n${stderr}`);
}

beforeAll(async () => {
  await applyTimed();
  for (const machine of ['lb1', 'lb2'] as const) await settle(machine, '1=1 2=2', 30_000);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a realserver', () => {
  it.each([
    ['stopped', 'systemctl stop nginx', 'systemctl start nginx'],
    ['hanging', 'kill -STOP $(pgrep -x nginx)', 'kill -CONT $(pgrep -x nginx)'],
  ])('that is %s gets no more requests in time, on both directors, and gets them back', async (_how, hurt, mend) => {
    await sh(lab(), 'web1', hurt);
    try {
      await Promise.all((['lb1', 'lb2'] as const).map((machine) => settle(machine, '1=0 2=2', DETECTION_MS)));
      expect(await ask(lab(), URL, 30)).toEqual({ web2: 30 });
      expect((await stateOf('lb1')).checks.find(({ realserver }) => realserver === 'web1')).toMatchObject({
        verdict: 'down',
        lastError: expect.stringMatching(/^10\.77\.1\.21:80 /),
      });
    } finally {
      await sh(lab(), 'web1', mend);
    }
    await Promise.all((['lb1', 'lb2'] as const).map((machine) => settle(machine, '1=1 2=2', RECOVERY_MS)));
    expect(await ask(lab(), URL, 30)).toEqual({ web1: 10, web2: 20 });
  });
});

describe('the agent', () => {
  it('puts the table back when somebody clears it', async () => {
    const cleared = performance.now();
    await sh(lab(), 'lb1', 'ipvsadm -C');
    await settle('lb1', '1=1 2=2', 5_000);
    // What an SSH command takes is in it; the agent itself looks once a second.
    expect(performance.now() - cleared).toBeLessThan(3_000);
  });

  it('killed under load loses no request, no state of VRRP and no connection', async () => {
    // Earlier tests may have moved the role; only the MASTER has connections to lose.
    const [master = 'lb1'] = await holders(lab(), VIP);
    const before = await stateOf(master);
    const traffic = startRequests(lab(), URL, { timeoutMs: 2_000 });
    await traffic.until(({ succeeded }) => succeeded > 50, 10_000);
    await sh(lab(), master, 'kill -9 $(systemctl show lvs-agent -p MainPID --value)');
    const after = await eventually(
      () => stateOf(master).catch(() => null),
      (state) => state !== null && state.startedAt > before.startedAt && state.vrrp.alive,
      60_000,
    );
    const { succeeded } = traffic.latest() ?? { succeeded: 0 };
    await traffic.until((figures) => figures.succeeded > succeeded + 50, 10_000);
    const { failed } = await traffic.stop();
    expect(failed).toBe(0);
    const [was, is] = [before.vrrp.instances[0], after?.vrrp.instances[0]];
    expect(is?.state).toBe(was?.state);
    // Told on the wall clock, kept on the monotonic one: a millisecond may lie between two readings.
    expect(Math.abs((is?.since ?? 0) - (was?.since ?? 0))).toBeLessThan(1_000);
    expect(after?.ipvs.services[0]?.destinations.map(({ connections }) => connections > 0)).toEqual([true, true]);
    const notes = await attempt(lab(), master, [
      'journalctl',
      '-u',
      'lvs-agent',
      '--since',
      '-60s',
      '-g',
      'set-dest|new-',
    ]);
    expect(notes.stdout.split('\n').filter((line) => line.includes('the agent has started'))).toEqual([]);
  });

  it('keeps a drain when it is killed, and gives the realserver back when it is taken back', async () => {
    await sh(lab(), 'lb1', 'lvs-agent ctl drain web2 --reason test');
    expect(await weights('lb1')).toBe('1=1 2=0');
    const { startedAt } = await stateOf('lb1');
    await sh(lab(), 'lb1', 'kill -9 $(systemctl show lvs-agent -p MainPID --value)');
    await eventually(
      () => stateOf('lb1').catch(() => null),
      (state) => (state?.startedAt ?? 0) > startedAt,
      60_000,
    );
    expect(await weights('lb1')).toBe('1=1 2=0');
    await sh(lab(), 'lb1', 'lvs-agent ctl undrain web2');
    await settle('lb1', '1=1 2=2', RECOVERY_MS);
  });
});
