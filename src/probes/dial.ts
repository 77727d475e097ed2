/**
 * A TCP connection for one probe. Whatever happens, the socket is gone when the promise settles: with a reset, so that a thousand
 * probes a second leave no TIME_WAIT behind.
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ProbeSpec } from '../health/probe-plan.ts';
import type { ProbeResult } from '../health/verdict.ts';
import type { Streams } from '../kernel/streams.ts';
import type { Address } from '../wire/address.ts';
import { type Attempt, attempt, where } from './attempt.ts';

/** An attempt over a connection. */
export interface Dialled extends Attempt {
  readonly socket: Socket;
}

/** Connects and hands over to `converse`, which ends by calling {@link Attempt.settle}. */
export function dial(
  spec: ProbeSpec,
  streams: Streams,
  signal: AbortSignal,
  converse: (dialled: Dialled) => void,
): Promise<ProbeResult> {
  return attempt(spec, signal, (current) => {
    current.stage = 'while connecting';
    const { mark } = spec.check.target;
    return mark === null ? dialPlain(spec, current, converse) : dialMarked(spec, mark, streams, current, converse);
  });
}

type Converse = (dialled: Dialled) => void;

function dialPlain(spec: ProbeSpec, current: Attempt, converse: Converse): () => void {
  const socket = connect(connectOptions(spec));
  const dialled = heard(spec, current, socket);
  socket.once('connect', () => converse(dialled));
  return () => hangUp(socket);
}

function dialMarked(spec: ProbeSpec, mark: number, streams: Streams, current: Attempt, converse: Converse): () => void {
  const { address, port, check } = spec;
  const target = { address: address as Address, port, from: check.target.from, mark };
  let socket: Socket | undefined;
  const pending = streams.open(target, {
    onOpen: (opened) => {
      socket = opened;
      converse(heard(spec, current, opened));
    },
    onError: (code, isUnsent) => current.settle(sentence(spec, { code }, current.stage), isUnsent),
  });
  return () => {
    if (socket === undefined) pending.close();
    else hangUp(socket);
  };
}

function heard(spec: ProbeSpec, current: Attempt, socket: Socket): Dialled {
  socket.on('error', (error: NodeJS.ErrnoException) => current.settle(sentence(spec, error, current.stage)));
  return Object.assign(current, { socket });
}

function hangUp(socket: Socket): void {
  // The listener for late errors stays: an unheard 'error' would end the process.
  socket.removeAllListeners('data');
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
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
  EPERM: 'may not be asked: marking packets needs CAP_NET_ADMIN (EPERM)',
  EMFILE: 'could not be asked: this process has no file descriptor left (EMFILE)',
};

/** A failed system call in words that name the target and the moment. */
export function sentence(
  spec: ProbeSpec,
  error: Pick<NodeJS.ErrnoException, 'code'> & { message?: string },
  stage: string,
): string {
  const cause = CAUSES[error.code ?? ''] ?? `failed: ${error.message ?? error.code}`;
  return `${where(spec)} ${cause}${stage === 'while connecting' ? '' : ` (${stage})`}`;
}
