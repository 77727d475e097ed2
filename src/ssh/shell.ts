/** The persistent root shell of a connection: one run after the other, each framed by a nonce of its own. */
import { randomBytes } from 'node:crypto';
import { PRELUDE } from '../shell/prelude.ts';
import { scriptText } from '../shell/script.ts';
import type { ScriptResult, Step } from '../shell/step.ts';
import { Transcript } from '../shell/transcript.ts';
import type { RunOptions } from './connection.ts';
import { failureOf } from './dial.ts';
import { type Launched, launchShell } from './launch.ts';
import type { Session } from './session.ts';
import { waitFor } from './wait.ts';

export interface RootShell {
  run(steps: readonly Step[], options: RunOptions): Promise<ScriptResult>;
  end(): void;
}

const SCRIPT_TIMEOUT_MS = 120_000;

export function rootShell(session: Session): RootShell {
  let started: Launched | undefined;
  let broken: Error | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const runNow = async (steps: readonly Step[], options: RunOptions): Promise<ScriptResult> => {
    if (broken) throw broken;
    const nonce = randomBytes(16).toString('hex');
    const script = Buffer.from(scriptText(steps, nonce));
    const transcript = new Transcript(steps, nonce);
    try {
      const shell = started ?? (await begin(script, options));
      if (started) shell.channel.write(script);
      started = shell;
      await follow(session, shell, transcript, options);
      return transcript.result();
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
      started?.channel.destroy();
      throw error;
    }
  };
  const begin = (script: Buffer, { signal, timeoutMs = SCRIPT_TIMEOUT_MS }: RunOptions): Promise<Launched> =>
    launchShell(session, Buffer.concat([Buffer.from(PRELUDE), script]), { signal, timeoutMs });

  return {
    run(steps, options) {
      const result = turn.then(() => runNow(steps, options));
      turn = result.catch(() => {});
      return result;
    },
    end() {
      started?.channel.end();
    },
  };
}

/** Reads until the run's last frame has come on both streams. */
function follow(session: Session, shell: Launched, transcript: Transcript, options: RunOptions): Promise<void> {
  const { signal, timeoutMs = SCRIPT_TIMEOUT_MS, onStep } = options;
  return waitFor<void>(
    { signal, timeoutMs },
    (why) => failureOf(session.host, 'command', why),
    (resolve, reject) => {
      let index = 0;
      const take = (stream: 'stdout' | 'stderr', chunk: Buffer): void => {
        for (const result of transcript.push(stream, chunk)) {
          onStep?.(result, index);
          index += 1;
        }
        if (transcript.done) resolve();
      };
      const undo = subscribe(shell, take, reject);
      void shell.exit.then(({ exitCode }) => {
        const { step, stderr } = transcript.interrupted();
        reject(
          session.lost ??
            failureOf(session.host, 'command', { kind: 'shell-ended', step, exitCode, stderr: stderr.trim() }),
        );
      });
      return undo;
    },
  );
}

function subscribe(
  shell: Launched,
  take: (stream: 'stdout' | 'stderr', chunk: Buffer) => void,
  reject: (error: unknown) => void,
): () => void {
  const { channel } = shell;
  // A listener of the caller that throws ends the run, not the process.
  const guarded = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
    try {
      take(stream, chunk);
    } catch (error) {
      reject(error);
    }
  };
  const onOut = guarded('stdout');
  const onErr = guarded('stderr');
  onErr(shell.takeEarlyStderr());
  channel.on('data', onOut);
  channel.stderr.on('data', onErr);
  channel.resume();
  return () => {
    channel.off('data', onOut);
    channel.stderr.off('data', onErr);
    // Nobody reads between two runs; what a background process says then must not stop the connection's window.
    channel.resume();
  };
}
