/**
 * A TCP connection for one probe. Whatever happens, the socket is gone when the promise settles: with a reset, so that a thousand
 * probes a second leave no TIME_WAIT behind.
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import { type Attempt, attempt, where } from './attempt.ts';

/** An attempt over a connection. */
export interface Dialled extends Attempt {
  readonly socket: Socket;
}

/** Connects and hands over to `converse`, which ends by calling {@link Attempt.settle}. */
export function dial(spec: ProbeSpec, signal: AbortSignal, converse: (dialled: Dialled) => void): Promise<ProbeResult> {
  return attempt(spec, signal, (current) => {
    const socket = connect(connectOptions(spec));
    const dialled = Object.assign(current, { socket, stage: 'while connecting' });
    socket.on('error', (error: NodeJS.ErrnoException) => current.settle(sentence(spec, error, current.stage)));
    socket.once('connect', () => converse(dialled));
    return () => {
      // The listener for late errors stays: an unheard 'error' would end the process.
      socket.removeAllListeners('data');
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    };
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
