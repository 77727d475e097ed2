/** Two processes of one program, one working and one waiting (src/native/twin.c): who has its turn when. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildNative } from '../../bin/build-native.ts';

const TWIN = resolve(import.meta.dirname, '../../dist/native', process.arch, 'twin');

let folder = '';
let child: ChildProcess | undefined;

beforeAll(() => buildNative(), 60_000);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twin-'));
});
afterEach(async () => {
  const isAlive = child?.exitCode === null && child.signalCode === null;
  const ended = isAlive ? new Promise((done) => child?.on('exit', done)) : undefined;
  child?.kill('SIGTERM');
  await ended;
  child = undefined;
  rmSync(folder, { recursive: true });
});

/** One that notes each step of its life: `PID loaded VERSION`, `PID turn VERSION`, `PID told`. */
function program(version: string, before = ''): void {
  const path = join(folder, 'program');
  const log = join(folder, 'log');
  const steps = [
    `trap 'echo $$ told >>${log}; exit 7' TERM`,
    before,
    `echo $$ loaded ${version} >>${log}`,
    'printf r >&0',
    // dd and not read: the shell's own reading could take more than the one byte
    'dd bs=1 count=1 2>/dev/null | grep -q g || exit 1',
    `echo $$ turn ${version} >>${log}`,
    'while :; do sleep 0.05; done',
  ];
  writeFileSync(`${path}.new`, `#!/bin/sh\n${steps.join('\n')}\n`);
  chmodSync(`${path}.new`, 0o755);
  // as a release is changed: the name points at another file
  renameSync(`${path}.new`, path);
}

function start(): ChildProcess {
  child = spawn(TWIN, [join(folder, 'program')], { stdio: 'ignore' });
  return child;
}

interface Line {
  readonly pid: number;
  readonly what: string;
}

function lines(): Line[] {
  try {
    const text = readFileSync(join(folder, 'log'), 'utf8');
    return text.split('\n').flatMap((line) => {
      const [pid, ...words] = line.split(' ');
      return words.length === 0 ? [] : [{ pid: Number(pid), what: words.join(' ') }];
    });
  } catch {
    return [];
  }
}

async function until(holds: (seen: readonly Line[]) => boolean, withinMs = 10_000): Promise<readonly Line[]> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    const seen = lines();
    if (holds(seen)) return seen;
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(seen)}`);
    await sleep(5);
  }
}

const count = (seen: readonly Line[], what: string) => seen.filter((line) => line.what === what).length;
const workers = (seen: readonly Line[]) => seen.filter(({ what }) => what.startsWith('turn')).map(({ pid }) => pid);

describe('twin', () => {
  it('has one work and one wait; when the first dies, the second works', async () => {
    program('1');
    start();
    const before = await until((seen) => count(seen, 'loaded 1') === 2 && count(seen, 'turn 1') === 1);
    const [first = 0] = workers(before);
    const spare = before.find(({ pid, what }) => what === 'loaded 1' && pid !== first)?.pid;
    process.kill(first, 'SIGKILL');
    const after = await until((seen) => count(seen, 'turn 1') === 2);
    expect(workers(after)).toEqual([first, spare]);
    // and a third waits
    await until((seen) => count(seen, 'loaded 1') === 3);
  });

  it('loads another one when the one that waits dies', async () => {
    program('1');
    start();
    const before = await until((seen) => count(seen, 'loaded 1') === 2 && count(seen, 'turn 1') === 1);
    const [first = 0] = workers(before);
    process.kill(before.find(({ pid, what }) => what === 'loaded 1' && pid !== first)?.pid ?? 0, 'SIGKILL');
    const after = await until((seen) => count(seen, 'loaded 1') === 3);
    expect(workers(after)).toEqual([first]);
  });

  it('renews: the old one works until the new one is loaded, and is told to end', async () => {
    program('1');
    const twin = start();
    await until((seen) => count(seen, 'loaded 1') === 2 && count(seen, 'turn 1') === 1);
    program('2');
    twin.kill('SIGHUP');
    const seen = await until((now) => count(now, 'turn 2') === 1);
    const order = seen.map(({ what }) => what).filter((what) => /loaded 2|told|turn 2/.test(what));
    expect(order.slice(0, 3)).toEqual(['loaded 2', 'told', 'turn 2']);
    await until((now) => count(now, 'loaded 2') === 2);
  });

  it('keeps the old one when the new one cannot be loaded, and does not start it without a pause', async () => {
    program('1');
    const twin = start();
    const [first] = workers(await until((seen) => count(seen, 'loaded 1') === 2 && count(seen, 'turn 1') === 1));
    const tries = join(folder, 'tries');
    program('2', `echo x >>${tries}; exit 3`);
    twin.kill('SIGHUP');
    const endMs = performance.now() + 1_500;
    while (performance.now() < endMs) await sleep(20);
    expect(workers(lines())).toEqual([first]);
    // doubled from 100 ms on: at 0.1, 0.3, 0.7 and 1.5 s
    expect(readFileSync(tries, 'utf8').split('\n').length - 1).toBeLessThanOrEqual(5);
    expect(count(lines(), 'told')).toBe(0);
    program('3');
    await until((seen) => count(seen, 'loaded 3') === 1);
  });

  it('passes SIGTERM on to the one that works, once, and ends with its exit code', async () => {
    program('1');
    const twin = start();
    await until((seen) => count(seen, 'loaded 1') === 2 && count(seen, 'turn 1') === 1);
    const ended = new Promise((done) => twin.on('exit', done));
    twin.kill('SIGTERM');
    expect(await ended).toBe(7);
    expect(count(lines(), 'told')).toBe(1);
    for (const { pid } of lines()) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('leaves nobody behind when it is killed itself', async () => {
    program('1');
    const twin = start();
    const seen = await until((now) => count(now, 'loaded 1') === 2 && count(now, 'turn 1') === 1);
    twin.kill('SIGKILL');
    for (const { pid } of seen)
      await expect
        .poll(() => {
          try {
            return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
          } catch {
            return false;
          }
        })
        .toBe(false);
  });

  it('refuses to start without a command', async () => {
    child = spawn(TWIN, [], { stdio: 'ignore' });
    expect(await new Promise((done) => child?.on('exit', done))).toBe(5);
  });
});
