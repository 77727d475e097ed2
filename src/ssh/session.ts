/** One authenticated SSH connection: the handshake with all its ways to fail, and channels with a limit on every wait. */
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ClientChannel } from 'ssh2';
import type { HostConnection } from './connection.ts';
import { failureOf } from './dial.ts';
import type { ConnectionFailure } from './failure.ts';
import { HOST_KEY_PHASE, type HostKeyCheck } from './host-keys.ts';
import type { Login } from './login.ts';
import { type Limits, waitFor } from './wait.ts';

export interface Session {
  readonly host: HostConnection;
  exec(command: string, limits: Limits): Promise<ClientChannel>;
  /** A stream from this host to another: the hop of a ProxyJump. */
  forward(address: string, port: number, limits: Limits): Promise<Duplex>;
  /** Why the connection is gone; undefined while it stands. */
  readonly lost: ConnectionFailure | undefined;
  /** Called once when the connection goes away without having been ended. */
  onLost(listener: (failure: ConnectionFailure) => void): () => void;
  end(): Promise<void>;
}

/** ms of silence after which the host is asked; four questions without an answer, and a connection is lost: after 25 s. */
const KEEPALIVE = { keepaliveInterval: 5_000, keepaliveCountMax: 4 };

/** @param said what a ProxyCommand has complained of, for the words. */
export async function openSession(
  host: HostConnection,
  stream: Duplex,
  keys: HostKeyCheck,
  login: Login,
  limits: Limits,
  said: () => string = () => '',
): Promise<Session> {
  const client = new ssh2.Client();
  // ssh2 tells some failures twice, and some after the end; whoever waits has heard the first.
  client.on('error', () => {});
  try {
    if (stream.destroyed) throw handshakeFailure(host, closedBy(stream.errored), login, false, said());
    await handshake(client, host, stream, keys, login, limits, said);
  } catch (error) {
    client.destroy();
    stream.destroy();
    throw error;
  }
  return sessionOf(client, host, stream);
}

function handshake(
  client: Client,
  host: HostConnection,
  stream: Duplex,
  keys: HostKeyCheck,
  login: Login,
  limits: Limits,
  said: () => string,
): Promise<void> {
  let refusal: ConnectionFailure | undefined;
  let greeted = false;
  return waitFor<void>(
    limits,
    (why) => refusal ?? failureOf(host, 'connect', why),
    (resolve, reject) => {
      client.once('handshake', () => {
        greeted = true;
      });
      const onError = (error: Error & { level?: string }): void => {
        reject(refusal ?? handshakeFailure(host, error, login, greeted, said()));
      };
      const onClose = (): void => onError(closedBy(null));
      client.once('ready', resolve).once('error', onError).once('close', onClose);
      client.connect({
        sock: stream,
        username: host.user,
        algorithms: { serverHostKey: keys.algorithms },
        hostVerifier: (key: Buffer): boolean => {
          const reason = keys.check(key);
          if (reason !== null) refusal = failureOf(host, HOST_KEY_PHASE, reason);
          return reason === null;
        },
        authHandler: login.handler,
        // Our own limit ends the wait; this one would only speak in other words.
        readyTimeout: 0,
        ...KEEPALIVE,
      });
      return () => client.off('error', onError).off('close', onClose).off('ready', resolve);
    },
  );
}

function closedBy(error: Error | null): Error & { level: string } {
  return Object.assign(new Error('connection closed', { cause: error ?? undefined }), { level: 'closed' });
}

function handshakeFailure(
  host: HostConnection,
  error: Error & { level?: string },
  login: Login,
  greeted: boolean,
  said: string,
): ConnectionFailure {
  // A server whose patience ends (MaxAuthTries) says so by a disconnect.
  if (error.level === 'client-authentication' || (greeted && /authentication/i.test(error.message))) {
    const [unusable] = login.unusable;
    if (login.tried.length === 0 && unusable)
      return failureOf(host, 'auth', { kind: 'key-unusable', ...unusable }, error);
    return failureOf(host, 'auth', { kind: 'auth-refused', user: host.user, tried: login.tried }, error);
  }
  if (error.level === 'handshake' && /no matching/i.test(error.message)) {
    return failureOf(host, 'connect', { kind: 'algorithms' }, error);
  }
  if (host.proxyCommand !== null && !greeted) {
    return failureOf(host, 'connect', { kind: 'proxy', command: host.proxyCommand, stderr: said.trim() }, error);
  }
  if (error.level === 'closed') return failureOf(host, 'connect', { kind: 'closed' }, error);
  const kind = error.level === 'protocol' || error.level === 'handshake' ? 'not-ssh' : 'other';
  return failureOf(host, 'connect', { kind }, error);
}

function sessionOf(client: Client, host: HostConnection, stream: Duplex): Session {
  let lost: ConnectionFailure | undefined;
  let ended = false;
  const listeners = new Set<(failure: ConnectionFailure) => void>();
  const lose = (cause?: Error): void => {
    if (lost) return;
    lost = failureOf(host, 'lost', { kind: 'closed' }, cause);
    if (ended) return;
    for (const listener of listeners) listener(lost);
  };
  client.once('error', lose).once('close', () => lose());
  const opened = <T extends Duplex>(
    limits: Limits,
    begin: (done: (error: Error | undefined, channel: T) => void) => void,
  ): Promise<T> =>
    waitFor<T>(
      limits,
      (why) => failureOf(host, 'channel', why),
      (resolve, reject) => {
        let over = false;
        const fail = (error: unknown): void => reject(lost ?? failureOf(host, 'channel', { kind: 'other' }, error));
        listeners.add(reject);
        // ssh2 throws at once when its socket is no longer writable.
        try {
          begin((error, channel) => {
            if (error) fail(error);
            else if (over) channel.destroy();
            else resolve(channel);
          });
        } catch (error) {
          fail(error);
        }
        return () => {
          over = true;
          listeners.delete(reject);
        };
      },
    );
  return {
    host,
    exec: (command, limits) => opened<ClientChannel>(limits, (done) => client.exec(command, done)),
    forward: (address, port, limits) =>
      opened<ClientChannel>(limits, (done) => client.forwardOut('127.0.0.1', 0, address, port, done)),
    get lost() {
      return lost;
    },
    onLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async end() {
      ended = true;
      if (lost) return;
      await endOf(client, stream);
    },
  };
}

/** For a ProxyCommand to pass on the last words. */
const LAST_WORDS_MS = 5;

/** Says goodbye and waits until that has left; what the host has to say to it (25 ms later) is of no use to anybody. */
function endOf(client: Client, stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      stream.destroy();
      resolve();
    };
    const timer = setTimeout(over, 1000);
    client.once('close', over);
    stream.once('finish', () => setTimeout(over, LAST_WORDS_MS));
    client.end();
  });
}
