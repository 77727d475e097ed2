import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programRunner, scriptRunner } from '../../src/agent/script-run.ts';

const helper = join(import.meta.dirname, '../../dist/native', process.arch, 'lvs-run');
const isRoot = process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'script-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const run = (
  argv: readonly string[],
  { timeoutMs = 5_000, user = 'nobody', signal = new AbortController().signal } = {},
) => scriptRunner(helper)({ run: argv, user, timeoutMs }, signal);

describe.runIf(isRoot)('a script', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(import.meta.dirname, '../../bin/build-native.ts')], { stdio: 'ignore' });
  }, 60_000);

  it('passes with 0, and says with what else it ended and what it said', async () => {
    expect(await run(['/bin/true'])).toBeUndefined();
    expect(await run(['/bin/sh', '-c', 'echo broken >&2; exit 3'])).toBe('/bin/sh ended with 3: broken');
    expect(await run(['/bin/sh', '-c', 'kill -9 $$'])).toBe('/bin/sh was ended by SIGKILL');
    expect(await run(['/no/such'])).toMatch(/^\/no\/such ended with 127: lvs-run: .*No such file/);
  });

  it('that cannot even be spawned is one that fails', async () => {
    expect(await run(['/bin/true', 'a\0b'])).toMatch(/^\/bin\/true could not be started: .*null bytes/);
  });

  it("runs as its user, without a capability and without the agent's environment", async () => {
    const file = join(folder, 'seen');
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    expect(await run(['/bin/sh', '-c', `{ id -un; grep Cap /proc/self/status; env; } > ${file}`])).toBeUndefined();
    const seen = readFileSync(file, 'utf8');
    expect(seen).toMatch(/^nobody\n/);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(seen).toMatch(new RegExp(`${set}:\t0{16}\n`));
    expect(seen).not.toMatch(/^(NODE|npm|VITEST)/m);
  });

  it('ends with its time, and everything that it has started with it', async () => {
    const file = join(folder, 'pid');
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    const script = `trap '' TERM; sleep 60 & echo $! > ${file}; wait; sleep 60`;
    expect(await run(['/bin/sh', '-c', script], { timeoutMs: 2_000 })).toBe('/bin/sh did not end within 2000 ms');
    const pid = readFileSync(file, 'utf8').trim();
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
  });

  it('leaves nothing behind that outlives it', async () => {
    const file = join(folder, 'left');
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    expect(await run(['/bin/sh', '-c', `sleep 60 & echo $! > ${file}`])).toBeUndefined();
    await expect.poll(() => isAlive(Number(readFileSync(file, 'utf8').trim()))).toBe(false);
  });

  it('ends at once when it is no longer wanted', async () => {
    const aborter = new AbortController();
    const pending = run(['/bin/sleep', '60'], { signal: aborter.signal });
    setImmediate(() => aborter.abort());
    expect(await pending).toBe('/bin/sleep was stopped');
  });

  it('has the end of what it wrote kept, and an environment, where that is asked for', async () => {
    const line = 'i=0; while [ $i -lt 900 ]; do echo line $i; i=$((i+1)); done; echo "$WORD" >&2; exit 4';
    const program = { run: ['/bin/sh', '-c', line], user: 'nobody', timeoutMs: 5_000, keepsOutput: true };
    const never = new AbortController().signal;
    const { problem, output } = await programRunner(helper)({ ...program, environment: { WORD: 'bye' } }, never);
    expect(output.length).toBeLessThanOrEqual(4_000);
    expect(output).toMatch(/line 898\nline 899\n/);
    expect(output).toContain('bye\n');
    expect(problem).toMatch(/^\/bin\/sh ended with 4: /);
    expect(problem?.length).toBeLessThan(500);
  });

  it('is not started when it is no longer wanted', async () => {
    const gone = AbortSignal.abort();
    expect(await run(['/bin/true'], { signal: gone })).toBe('/bin/true was not started');
  });

  it('is refused as root when others can change it', async () => {
    const file = join(folder, 'own.sh');
    writeFileSync(file, '#!/bin/sh\nexit 0\n');
    chmodSync(file, 0o777);
    expect(await run([file], { user: 'root' })).toBe(`${file} is not run as root: others than root can change ${file}`);
    chmodSync(file, 0o755);
    expect(await run([file], { user: 'root' })).toBeUndefined();
  });
});

/** A zombie that nobody has reaped yet is dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
