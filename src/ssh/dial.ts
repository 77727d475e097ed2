/** A byte stream to a host's sshd: by TCP, or through a ProxyCommand. (Jump hosts are connections themselves: connect.ts.) */
import { spawn } from 'node:child_process';
import { connect as connectTcp } from 'node:net';
import { Duplex } from 'node:stream';
import type { HostConnection } from './connection.ts';
import { ConnectionFailure, type Phase, type Reason } from './failure.ts';
import { type Limits, waitFor } from './wait.ts';

/** Makes the failures of one host. */
export function failureOf(host: HostConnection, phase: Phase, reason: Reason, cause?: unknown): ConnectionFailure {
  const target = host.address.includes(':') ? `[${host.address}]:${host.port}` : `${host.address}:${host.port}`;
  return new ConnectionFailure({ host: host.name, target, become: host.become, phase, reason, cause });
}

export function dialTcp(host: HostConnection, limits: Limits): Promise<Duplex> {
  return waitFor<Duplex>(
    limits,
    (why) => failureOf(host, 'connect', why),
    (resolve, reject) => {
      const socket = connectTcp({ host: host.address, port: host.port });
      // Nagle's algorithm beside delayed ACKs costs 100 ms of a 40 ms login (measured).
      socket.setNoDelay(true);
      const onError = (error: NodeJS.ErrnoException): void => {
        socket.destroy();
        reject(failureOf(host, 'connect', reasonOf(error), error));
      };
      socket.once('error', onError);
      socket.once('connect', () => {
        connected = true;
        resolve(socket);
      });
      let connected = false;
      return () => {
        socket.off('error', onError);
        if (connected) return;
        socket.on('error', () => {});
        socket.destroy();
      };
    },
  );
}

function reasonOf(error: NodeJS.ErrnoException): Reason {
  switch (error.code) {
    case 'ECONNREFUSED':
      return { kind: 'refused' };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { kind: 'no-route' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { kind: 'unknown-name' };
    default:
      return { kind: 'other' };
  }
}

/** A way to a host, and what the ProxyCommand that makes it said when it fails. */
export interface Dialled {
  readonly stream: Duplex;
  readonly stderr: () => string;
}

/**
 * Runs the command as OpenSSH does, by a shell that `exec`s it, in a process group of its own, so that a ^C in the
 * terminal does not cut the connection before we end it, and all of it ends with the stream.
 */
export function dialProxy(command: string): Dialled {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_KEPT);
  });
  const { stdin, stdout, pid } = child;
  const stream = new Duplex({
    read() {
      stdout.resume();
    },
    write(chunk, _encoding, done) {
      // A command that has ended takes nothing more; its end says so, with its words.
      stdin.write(chunk, () => done());
    },
    final(done) {
      stdin.end(() => done());
    },
    destroy(error, done) {
      stdin.destroy();
      stdout.destroy();
      if (pid !== undefined && child.exitCode === null && child.signalCode === null) endGroup(pid);
      done(error);
    },
  });
  stdout.on('data', (chunk) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  const end = (): void => {
    stream.push(null);
  };
  // Its last words may come after the end of its output; a grandchild may keep stderr open for ever.
  stdout.on('end', () => setTimeout(end, LAST_WORDS_MS).unref());
  for (const side of [stdin, stdout]) side.on('error', () => {});
  child.on('error', (error) => stream.destroy(error));
  child.on('close', end);
  // The end of its output is the end of the connection: ssh2 waits for the stream to close, and asks nothing more meanwhile.
  stream.once('end', () => stream.destroy());
  return { stream, stderr: () => said };
}

const STDERR_KEPT = 2000;
const LAST_WORDS_MS = 200;

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended by itself meanwhile.
  }
}
