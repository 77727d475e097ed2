/**
 * A TCP connection with one deadline for the whole probe. Whatever happens, the socket is gone when the promise settles: with a
 * reset, so that a thousand probes a second leave no TIME_WAIT behind.
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';

/** Says how far a probe has come, for the sentence of a timeout: `while connecting`. */
export interface Attempt {
  readonly socket: Socket;
  stage: string;
  /** Ends the probe; only the first call counts. undefined: it passed. */
  settle(error?: string): void;
}

/** Connects and hands over to `converse`, which ends by calling {@link Attempt.settle}. */
export function dial(spec: ProbeSpec, signal: AbortSignal, converse: (attempt: Attempt) => void): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const started = performance.now();
    const socket = connect(connectOptions(spec));
    const attempt: Attempt = { socket, stage: 'while connecting', settle };
    const expire = (): void =>
      settle(`${where(spec)} did not answer within ${spec.timing.timeoutMs} ms (${attempt.stage})`);
    // Timers come before what has arrived: after a stall of this process an answer in time must not be blamed for it.
    const timer = setTimeout(() => setImmediate(expire), spec.timing.timeoutMs);
    const abort = (): void => settle('the probe was stopped');
    let isSettled = false;
    function settle(error?: string): void {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // The listener for late errors stays: an unheard 'error' would end the process.
      socket.removeAllListeners('data');
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
      const latencyMs = performance.now() - started;
      resolve(error === undefined ? { ok: true, latencyMs } : { ok: false, latencyMs, error });
    }
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', (error) => settle(sentence(spec, error, attempt.stage)));
    socket.once('connect', () => converse(attempt));
    if (signal.aborted) abort();
  });
}

function connectOptions({ address, port, check }: ProbeSpec): TcpNetConnectOpts {
  const from = check.target.from;
  return {
    host: address,
    port,
    noDelay: true,
    ...(from?.address ? { localAddress: from.address } : {}),
    ...(from && from.port !== 0 ? { localPort: from.port } : {}),
  };
}

/** `10.77.1.21:80` */
export function where({ address, port }: ProbeSpec): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'reset the connection',
  EPIPE: 'closed the connection',
  EHOSTUNREACH: 'is unreachable: no route, or nobody answers ARP for it (EHOSTUNREACH)',
  ENETUNREACH: 'is unreachable: no route to its network (ENETUNREACH)',
  ETIMEDOUT: 'did not answer (ETIMEDOUT)',
  EADDRNOTAVAIL: 'cannot be asked from the address or port that the check names (EADDRNOTAVAIL)',
  EADDRINUSE: 'cannot be asked from the port that the check names: it is in use (EADDRINUSE)',
  EACCES: 'may not be asked: the kernel forbids it (EACCES)',
  EMFILE: 'could not be asked: this process has no file descriptor left (EMFILE)',
};

/** A failed system call in words that name the target and the moment. */
export function sentence(spec: ProbeSpec, error: NodeJS.ErrnoException, stage: string): string {
  const cause = CAUSES[error.code ?? ''] ?? `failed: ${error.message}`;
  return `${where(spec)} ${cause}${stage === 'while connecting' ? '' : ` (${stage})`}`;
}
