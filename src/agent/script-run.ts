/**
 * Runs a program of the topology as its user, without any of the agent's capabilities (src/native/lvs-run.c), in a process group
 * of its own that ends with its time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { unsafeAsRoot } from './root-command.ts';
import type { RunScript } from './tracked-scripts.ts';

export interface Program {
  /** The absolute path of a program, and its arguments. */
  readonly run: readonly string[];
  readonly user: string;
  readonly timeoutMs: number;
  /** Beside PATH and LANG. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it writes to stdout is kept, too. */
  readonly keepsOutput?: boolean;
}

export interface Ended {
  /** Why it failed, or undefined. */
  readonly problem: string | undefined;
  /** null: it was not started, or did not end by itself or in time. */
  readonly exitCode: number | null;
  /** The end of what it wrote. */
  readonly output: string;
}

/** Never rejects. The signal ends the program at once. */
export type RunProgram = (program: Program, signal: AbortSignal) => Promise<Ended>;

/** From the polite signal to the one that cannot be caught. */
const GRACE_MS = 1_000;
/** What a program has written may still be on its way when it is gone. */
const LAST_WORDS_MS = 250;
/** Characters of what it writes. */
const KEPT_OUTPUT = 4_000;
/** What a journal line can take of that. */
const SHOWN_OUTPUT = 400;

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** @param helper - path of lvs-run */
export function programRunner(helper: string): RunProgram {
  return (program, signal) => {
    const unsafe = program.user === 'root' ? unsafeAsRoot(program.run) : undefined;
    if (unsafe !== undefined) return Promise.resolve({ problem: unsafe, exitCode: null, output: '' });
    return run(helper, program, signal);
  };
}

/** @param helper - path of lvs-run */
export function scriptRunner(helper: string): RunScript {
  const runProgram = programRunner(helper);
  return async (script, signal) => (await runProgram(script, signal)).problem;
}

function run(helper: string, program: Program, signal: AbortSignal): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const path = program.run[0] ?? '';
  if (signal.aborted) return Promise.resolve({ problem: `${path} was not started`, exitCode: null, output: '' });
  let child: ChildProcess;
  try {
    child = start(helper, program);
  } catch (error) {
    // what spawn does not tell by an event: a program that is being written (ETXTBSY), no memory, a NUL in an argument
    const problem = `${path} could not be started: ${(error as Error).message}`;
    return Promise.resolve({ problem, exitCode: null, output: '' });
  }
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
    if (!hasEnded) end(`${path} did not end within ${program.timeoutMs} ms`);
  };
  // After a stall of this process the end of a script may be known only now, and timers come first.
  const timer = setTimeout(() => setImmediate(expire), program.timeoutMs);
  const abort = (): void => end(`${path} was stopped`);
  signal.addEventListener('abort', abort, { once: true });
  const finish = (code: number | null, problemOf: () => string | undefined): void => {
    hasEnded = true;
    clearTimeout(timer);
    clearTimeout(killer);
    signal.removeEventListener('abort', abort);
    // Children that outlive the program keep nothing: the group goes with it.
    signalGroup('SIGKILL');
    void lastWords(child).then(() => {
      const exitCode = verdict === undefined && !isRefusal(code, output) ? code : null;
      resolve({ problem: verdict ?? problemOf(), exitCode, output });
    });
  };
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-KEPT_OUTPUT);
    });
  child.once('error', (error) => finish(null, () => `${path} could not be started: ${error.message}`));
  child.once('exit', (code, by) => finish(code, () => exitProblem(path, code, by, output)));
  return promise;
}

function start(helper: string, { run: argv, user, environment, keepsOutput }: Program): ChildProcess {
  // root keeps what the unit has left the agent; lvs-run is for everybody else.
  const [file = '', ...args] = user === 'root' ? argv : [helper, user, '--', ...argv];
  return spawn(file, args, {
    cwd: '/',
    env: { ...ENVIRONMENT, ...environment },
    stdio: ['ignore', keepsOutput ? 'pipe' : 'ignore', 'pipe'],
    detached: true,
  });
}

/** The words of lvs-run, which could not become the user or start the program. */
function isRefusal(code: number | null, output: string): boolean {
  return code !== null && code >= 125 && code <= 127 && output.startsWith('lvs-run: ');
}

/** Waits until both pipes are read; one that somebody has taken along is not waited for. */
function lastWords(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LAST_WORDS_MS);
  child.once('close', () => resolve());
  return promise.finally(() => {
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}

function exitProblem(program: string, code: number | null, by: string | null, output: string): string | undefined {
  if (code === 0) return undefined;
  const said = output.trim() === '' ? '' : `: ${output.trim().slice(-SHOWN_OUTPUT)}`;
  return code === null ? `${program} was ended by ${by}${said}` : `${program} ended with ${code}${said}`;
}
