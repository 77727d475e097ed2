/**
 * Runs a program of the topology as its user, without any of the agent's capabilities (src/native/lvs-run.c), in a process group
 * of its own that ends with its time.
 */
import { spawn } from 'node:child_process';
import { unsafeAsRoot } from './root-command.ts';
import type { RunScript } from './tracked-scripts.ts';

/** From the polite signal to the one that cannot be caught. */
const GRACE_MS = 1_000;
/** Of what it writes, what a journal line can take. */
const KEPT_OUTPUT = 400;

/** @param helper - path of lvs-run */
export function scriptRunner(helper: string): RunScript {
  return (script, signal) => {
    const unsafe = script.user === 'root' ? unsafeAsRoot(script.run) : undefined;
    return unsafe === undefined ? run(helper, script, signal) : Promise.resolve(unsafe);
  };
}

function run(helper: string, script: Parameters<RunScript>[0], signal: AbortSignal): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const program = script.run[0] ?? '';
  // root keeps what the unit has left the agent; lvs-run is for everybody else.
  const argv = script.user === 'root' ? script.run : [helper, script.user, '--', ...script.run];
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let output = '';
  let verdict: string | undefined;
  let hasEnded = false;
  const signalGroup = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended by itself meanwhile.
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const end = (why: string): void => {
    verdict ??= why;
    signalGroup('SIGTERM');
    killer ??= setTimeout(() => signalGroup('SIGKILL'), GRACE_MS);
  };
  const expire = (): void => {
    if (!hasEnded) end(`${program} did not end within ${script.timeoutMs} ms`);
  };
  // After a stall of this process the end of a script may be known only now, and timers come first.
  const timer = setTimeout(() => setImmediate(expire), script.timeoutMs);
  const abort = (): void => end(`${program} was stopped`);
  signal.addEventListener('abort', abort, { once: true });
  const finish = (problem: string | undefined): void => {
    hasEnded = true;
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', abort);
    // Children that outlive the program keep nothing: the group goes with it.
    signalGroup('SIGKILL');
    child.stderr.destroy();
    resolve(verdict ?? problem);
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < KEPT_OUTPUT) output += text;
  });
  child.once('error', (error) => finish(`${program} could not be started: ${error.message}`));
  child.once('exit', (code, by) => finish(exitProblem(program, code, by, output)));
  return promise;
}

function exitProblem(program: string, code: number | null, by: string | null, output: string): string | undefined {
  if (code === 0) return undefined;
  const said = output.trim() === '' ? '' : `: ${output.trim().slice(0, KEPT_OUTPUT)}`;
  return code === null ? `${program} was ended by ${by}${said}` : `${program} ended with ${code}${said}`;
}
