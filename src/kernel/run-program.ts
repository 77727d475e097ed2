/** A program of the system, without a shell: for the few things that have no other interface. */
import { spawn } from 'node:child_process';

export interface ProgramResult {
  /** null when it was killed (the timeout), 127 when there is no such program. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIMEOUT_MS = 10_000;

/** Never rejects: whatever happened is in the result. */
export function runProgram(file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: { PATH, LC_ALL: 'C' }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => resolve({ status: 127, stdout, stderr: error.message }));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    // EPIPE when it ended without reading: its status says why.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
