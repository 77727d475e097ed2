/** One file to a host over a channel of its own: by `cat`, which needs no sftp subsystem and is faster (measured). */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { UploadOptions } from './connection.ts';
import { failureOf } from './dial.ts';
import { launch } from './launch.ts';
import type { Session } from './session.ts';

const UPLOAD_TIMEOUT_MS = 600_000;
const CHUNK = 64 * 1024;

/**
 * Run with path, size and mode. noclobber: never over a file, never through somebody's link; a file that could not be
 * opened is not ours to remove. When the connection is cut, `cat` ends as if all had come, so the length decides; nobody
 * listens then, and a complaint must not end the script before it has cleaned up.
 */
const RECEIVE = `umask 077; LC_ALL=C; export LC_ALL
trap '' HUP PIPE
set -C
exec 3>"$1" || exit 1
cat >&3 || { status=$?; rm -f -- "$1"; exit "$status"; }
exec 3>&-
set -- "$@" $(wc -c <"$1")
[ "$2" = "$4" ] && chmod "$3" "$1" && exit 0
rm -f -- "$1"
printf '%s of %s bytes came\\n' "$4" "$2" >&2
exit 1`;

export async function upload(
  session: Session,
  path: string,
  source: Buffer | Readable,
  options: UploadOptions,
): Promise<void> {
  if (Buffer.isBuffer(source)) return transfer(session, path, source, options);
  // It may fail before it is read; what it says is then found in it.
  source.on('error', () => {});
  try {
    await transfer(session, path, source, options);
  } finally {
    source.destroy();
  }
}

async function transfer(
  session: Session,
  path: string,
  source: Buffer | Readable,
  { signal, size, mode = 0o600, timeoutMs = UPLOAD_TIMEOUT_MS, onProgress }: UploadOptions,
): Promise<void> {
  const argv = ['/bin/sh', '-c', RECEIVE, 'sh', path, String(size), `0${mode.toString(8)}`];
  const limit = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  const { channel, exit, stderr } = await launch(session, argv, { asRoot: true, signal, timeoutMs });
  channel.resume();
  const sent = send(channel, source, either, onProgress).catch((error: unknown) => error);
  const stopped = new Promise<null>((resolve) => either.addEventListener('abort', () => resolve(null), { once: true }));
  const end = await Promise.race([exit, stopped]);
  if (end === null) {
    channel.destroy();
    const why = signal?.aborted ? ({ kind: 'aborted' } as const) : ({ kind: 'timeout', afterMs: timeoutMs } as const);
    throw failureOf(session.host, 'command', why);
  }
  if (session.lost) throw session.lost;
  if (end.exitCode === 0) return;
  // Still sending when the host gave up: then the host's own words are the cause.
  const cause = await Promise.race([sent, Promise.resolve(undefined)]);
  throw failureOf(session.host, 'command', { kind: 'upload', path, stderr: stderr().trim() }, cause);
}

async function send(
  channel: NodeJS.WritableStream,
  source: Buffer | Readable,
  signal: AbortSignal,
  onProgress: ((sentBytes: number) => void) | undefined,
): Promise<void> {
  let sent = 0;
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of Buffer.isBuffer(source) ? slices(source) : source) {
      yield chunk;
      sent += chunk.length;
      onProgress?.(sent);
    }
  };
  await pipeline(Readable.from(counted(), { objectMode: false }), channel, { signal });
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}
