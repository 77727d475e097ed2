/** Starts a program on a host, as root if wanted, and waits until it really runs (not until sudo does). */
import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { announcement, becomeLine, promptMark, readyMark, refusalIn, shellLine } from './become.ts';
import { failureOf } from './dial.ts';
import type { ConnectionFailure } from './failure.ts';
import type { Session } from './session.ts';
import { type Limits, waitFor } from './wait.ts';

export interface Exit {
  /** null: it was killed, or the connection went away first. */
  readonly exitCode: number | null;
}

export interface Launched {
  /** Paused; what came after the announcement is at its head. */
  readonly channel: ClientChannel;
  /** The end of the program, also when the connection is lost. */
  readonly exit: Promise<Exit>;
  /** The last of what it said on stderr. */
  readonly stderr: () => string;
  /**
   * What came on stderr up to now; call it as you subscribe. The two streams are not in step: a program's first words
   * on stderr may come before its announcement on stdout.
   */
  readonly takeEarlyStderr: () => Buffer;
}

export interface LaunchOptions extends Limits {
  readonly asRoot: boolean;
}

const STDERR_KEPT = 8192;
const EARLY_LIMIT = 1024 * 1024;
const NOISE_LIMIT = 256 * 1024;

export async function launch(session: Session, argv: readonly string[], options: LaunchOptions): Promise<Launched> {
  const token = randomBytes(8).toString('hex');
  return start(session, becomeLine(session.host, argv, token, options.asRoot), token, undefined, options);
}

/** A root shell with its first input, which goes out without waiting for the announcement where it may: a round trip less. */
export async function launchShell(session: Session, input: Buffer, limits: Limits): Promise<Launched> {
  const { host } = session;
  if (host.become === 'sudo' && host.becomePassword !== null) {
    const launched = await launch(session, ['/bin/sh'], { ...limits, asRoot: true });
    launched.channel.write(input);
    return launched;
  }
  const token = randomBytes(8).toString('hex');
  const first = Buffer.concat([Buffer.from(announcement(token)), input]);
  return start(session, shellLine(host), token, first, limits);
}

async function start(
  session: Session,
  line: string,
  token: string,
  first: Buffer | undefined,
  limits: Limits,
): Promise<Launched> {
  const channel = await session.exec(line, limits);
  const exit = exitOf(channel, session);
  const { stderr, takeEarlyStderr } = stderrOf(channel);
  if (first) channel.write(first);
  try {
    await announced(session, channel, token, exit, stderr, limits);
  } catch (error) {
    channel.destroy();
    channel.resume();
    throw error;
  }
  return { channel, exit, stderr, takeEarlyStderr };
}

function announced(
  session: Session,
  channel: ClientChannel,
  token: string,
  exit: Promise<Exit>,
  stderr: () => string,
  limits: Limits,
): Promise<void> {
  const { host } = session;
  const mark = Buffer.from(`${readyMark(token)}\n`);
  let seen = Buffer.alloc(0);
  let prompts = 0;
  return waitFor<void>(
    limits,
    (why) => failureOf(host, 'become', why),
    (resolve, reject) => {
      const onData = (chunk: Buffer): void => {
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf(mark);
        if (at !== -1) {
          channel.off('data', onData);
          channel.pause();
          const rest = seen.subarray(at + mark.length);
          if (rest.length > 0) channel.unshift(rest);
          resolve();
        } else if (seen.length > NOISE_LIMIT) seen = seen.subarray(-mark.length);
      };
      const onComplaint = (): void => {
        const asked = stderr().split(promptMark(token)).length - 1;
        if (asked <= prompts) return;
        prompts = asked;
        if (asked > 1) reject(failureOf(host, 'become', { kind: 'become-password-refused' }));
        else channel.write(`${host.becomePassword}\n`);
      };
      channel.on('data', onData);
      channel.stderr.on('data', onComplaint);
      // The exit status overtakes the last words on stderr: `exit` waits for the close of the channel.
      void exit.then(({ exitCode }) => reject(session.lost ?? notStarted(session, exitCode, stderr())));
      return () => {
        channel.off('data', onData);
        channel.stderr.off('data', onComplaint);
      };
    },
  );
}

function notStarted(session: Session, exitCode: number | null, stderr: string): ConnectionFailure {
  const refusal = refusalIn(stderr);
  if (refusal) return failureOf(session.host, 'become', refusal);
  return failureOf(session.host, 'command', { kind: 'shell-ended', step: null, exitCode, stderr: stderr.trim() });
}

/** `close` repeats the exit status; `exit` itself may come in one packet with the start, before anybody can listen. */
function exitOf(channel: ClientChannel, session: Session): Promise<Exit> {
  return new Promise((resolve) => {
    const unsubscribe = session.onLost(() => resolve({ exitCode: null }));
    channel.on('close', (code: unknown) => {
      unsubscribe();
      resolve({ exitCode: typeof code === 'number' ? code : null });
    });
    if (session.lost) resolve({ exitCode: null });
  });
}

function stderrOf(channel: ClientChannel): Pick<Launched, 'stderr' | 'takeEarlyStderr'> {
  let tail = Buffer.alloc(0);
  let early: Buffer[] | undefined = [];
  let earlyBytes = 0;
  channel.stderr.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_KEPT);
    if (early === undefined || earlyBytes > EARLY_LIMIT) return;
    early.push(chunk);
    earlyBytes += chunk.length;
  });
  return {
    stderr: () => tail.toString('utf8'),
    takeEarlyStderr: () => {
      const taken = Buffer.concat(early ?? []);
      early = undefined;
      return taken;
    },
  };
}
