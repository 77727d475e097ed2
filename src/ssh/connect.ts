/** The SSH transport: dials, checks the host's key, logs in, and hands out the connection. */
import type { Duplex } from 'node:stream';
import type { Connect, Connection, ConnectOptions, HostConnection } from './connection.ts';
import { type Dialled, dialProxy, dialTcp, failureOf } from './dial.ts';
import { ConnectionFailure } from './failure.ts';
import { type Gate, gate } from './gate.ts';
import { type HostKeys, hostKeys } from './host-keys.ts';
import { launch } from './launch.ts';
import type { AskPassphrase, Keyring, Login } from './login.ts';
import { programStream } from './program-stream.ts';
import type { Session } from './session.ts';
import { rootShell } from './shell.ts';
import { upload } from './upload.ts';
import { type Limits, waitFor } from './wait.ts';

export interface TransportOptions {
  /** Handshakes at once: each costs 8 ms of CPU here, and sshd drops beginners beyond MaxStartups. @default 25 */
  readonly handshakes?: number;
  readonly askPassphrase?: AskPassphrase;
}

const CONNECT_TIMEOUT_MS = 20_000;
const OPEN_TIMEOUT_MS = 15_000;

/** sshd gives a login two minutes (LoginGraceTime); somebody may have looked for a passphrase meanwhile. */
const PATIENCE_MS = 60_000;

/** What connections of one run share. */
interface Transport {
  readonly keys: HostKeys;
  /** Made when a key is needed first. */
  ring: Keyring | undefined;
  readonly askPassphrase: AskPassphrase | undefined;
  readonly handshakes: Gate;
  /** Sessions to jump hosts, by the way to them; many targets go through one. */
  readonly bastions: Map<string, Bastion>;
}

interface Bastion {
  readonly reached: Promise<Reached>;
  users: number;
}

/** Makes the `connect` of one run: key files and known_hosts are read once, jump hosts are shared. */
export function createConnect(options: TransportOptions = {}): Connect {
  const transport: Transport = {
    keys: hostKeys(),
    ring: undefined,
    askPassphrase: options.askPassphrase,
    handshakes: gate(options.handshakes ?? 25),
    bastions: new Map(),
  };
  return async (host, connectOptions = {}) => connectionOf(await reach(transport, host, connectOptions));
}

interface Reached {
  readonly session: Session;
  readonly release: () => Promise<void>;
}

async function reach(transport: Transport, host: HostConnection, options: ConnectOptions): Promise<Reached> {
  const limits = { signal: options.signal, timeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS };
  const bastion = host.jumps.length > 0 ? await enterBastion(transport, host, options) : undefined;
  const release = async (): Promise<void> => bastion?.release();
  try {
    const session = await transport.handshakes.through(
      () => logIn(transport, host, limits, bastion?.session),
      options.signal,
    );
    return { session, release };
  } catch (error) {
    await release();
    if (error instanceof ConnectionFailure) throw error;
    const stopped = options.signal?.aborted || (error instanceof Error && error.name === 'AbortError');
    throw failureOf(host, 'connect', stopped ? { kind: 'aborted' } : { kind: 'other' }, error);
  }
}

async function logIn(
  transport: Transport,
  host: HostConnection,
  limits: Limits,
  through: Session | undefined,
): Promise<Session> {
  const began = performance.now();
  let dialled = beginToDial(host, limits, through);
  try {
    // Its modules take 60 ms to load, and keys have to be read: the host begins to answer meanwhile.
    const [{ openSession }, keyCheck, login] = await Promise.all([
      import('./session.ts'),
      transport.keys.forHost(host),
      credentials(transport, host),
    ]);
    if (performance.now() - began > PATIENCE_MS) {
      hangUp(dialled);
      dialled = beginToDial(host, limits, through);
    }
    const { stream, stderr } = await dialled;
    const session = await openSession(host, stream, keyCheck, login, limits, stderr);
    await keyCheck.learn().catch((error: NodeJS.ErrnoException) => {
      throw failureOf(host, 'hostkey', {
        kind: 'file',
        file: host.knownHostsFiles[0] ?? '',
        why: error.code ?? error.message,
      });
    });
    return session;
  } catch (error) {
    hangUp(dialled);
    throw error;
  }
}

async function credentials(transport: Transport, host: HostConnection): Promise<Login> {
  const { keyring, loginFor } = await import('./login.ts');
  transport.ring ??= keyring(transport.askPassphrase);
  return loginFor(host, transport.ring);
}

/** Nobody waits for it yet when it fails early; whoever does later still hears of it. */
function beginToDial(host: HostConnection, limits: Limits, through: Session | undefined): Promise<Dialled> {
  const dialled = dial(host, limits, through);
  dialled.catch(() => {});
  return dialled;
}

async function dial(host: HostConnection, limits: Limits, through: Session | undefined): Promise<Dialled> {
  const dialled =
    host.proxyCommand !== null && !through
      ? dialProxy(host.proxyCommand)
      : { stream: await (through ? hop(through, host, limits) : dialTcp(host, limits)), stderr: () => '' };
  // Nobody listens yet; who does later finds it destroyed.
  dialled.stream.on('error', () => {});
  return dialled;
}

function hangUp(dialled: Promise<Dialled>): void {
  dialled.then(
    ({ stream }) => stream.destroy(),
    () => {},
  );
}

async function hop(through: Session, host: HostConnection, limits: Limits): Promise<Duplex> {
  try {
    return await through.forward(host.address, host.port, limits);
  } catch (error) {
    if (error instanceof ConnectionFailure && error.facts.reason.kind !== 'other') throw error;
    throw failureOf(host, 'connect', { kind: 'no-way', through: through.host.name }, error);
  }
}

/** The session to the last jump host; it ends when its last user has released it. */
async function enterBastion(transport: Transport, host: HostConnection, options: ConnectOptions): Promise<Reached> {
  const last = host.jumps.at(-1);
  if (!last) throw new RangeError('no jump host');
  const way = host.jumps.map(({ user, address, port }) => `${user}@${address}:${port}`).join(',');
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const entered = transport.bastions.get(way) ?? {
    // No signal: it is shared, and one user who leaves does not end it for the others.
    reached: reach(transport, { ...last, jumps: host.jumps.slice(0, -1) }, { connectTimeoutMs: timeoutMs }),
    users: 0,
  };
  transport.bastions.set(way, entered);
  entered.users += 1;
  const release = async (): Promise<void> => {
    entered.users -= 1;
    if (entered.users > 0) return;
    if (transport.bastions.get(way) === entered) transport.bastions.delete(way);
    await entered.reached.then(leave, () => {});
  };
  try {
    const limits = { signal: options.signal, timeoutMs: timeoutMs * host.jumps.length + 1000 };
    const { session } = await waitFor<Reached>(
      limits,
      (why) => failureOf(host, 'connect', why),
      (resolve, reject) => {
        entered.reached.then(resolve, reject);
        return () => {};
      },
    );
    return { session, release };
  } catch (error) {
    void release();
    throw error;
  }
}

async function leave({ session, release }: Reached): Promise<void> {
  await session.end();
  await release();
}

function connectionOf({ session, release }: Reached): Connection {
  const shell = rootShell(session);
  let closing: Promise<void> | undefined;
  return {
    host: session.host,
    runScript: (steps, options = {}) => shell.run(steps, options),
    upload: (path, source, options) => upload(session, path, source, options),
    async open(argv, { signal, timeoutMs = OPEN_TIMEOUT_MS, become = true } = {}) {
      return programStream(session, await launch(session, argv, { asRoot: become, signal, timeoutMs }));
    },
    close() {
      closing ??= (async () => {
        shell.end();
        await leave({ session, release });
      })();
      return closing;
    },
  };
}
