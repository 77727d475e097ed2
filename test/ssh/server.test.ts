/** The transport against an SSH server of ssh2's own, which can be made to misbehave as sshd never would. */
import ssh2, { type AuthContext, type ServerChannel, type Connection as ServerConnection } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnect } from '../../src/ssh/connect.ts';
import type { Connection, HostConnection } from '../../src/ssh/connection.ts';
import { ConnectionFailure, type Phase } from '../../src/ssh/failure.ts';

/** Of ed25519, ssh2 makes one in 256 that it cannot read: it takes a zero at the beginning away. */
const HOST_KEY = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });

interface Behaviour {
  readonly login?: (context: AuthContext, client: ServerConnection) => void;
  /** What happens when a program is started; unset: nothing, for ever. */
  readonly exec?: (accept: () => ServerChannel, reject: () => void, client: ServerConnection) => void;
  readonly refuseSessions?: true;
}

const endings: (() => void)[] = [];

afterEach(() => {
  for (const end of endings.splice(0)) end();
});

function serve({ login = (context) => context.accept(), exec, refuseSessions }: Behaviour): Promise<HostConnection> {
  const clients = new Set<ServerConnection>();
  const server = new ssh2.Server({ hostKeys: [HOST_KEY.private] }, (client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('authentication', (context) => login(context, client));
    client.on('session', (accept, reject) => {
      if (refuseSessions) reject();
      else accept().on('exec', (run, refuse) => exec?.(run, refuse, client));
    });
  });
  endings.push(() => {
    server.close();
    for (const client of clients) client.end();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const listening = server.address();
      resolve({
        name: 'h1',
        address: '127.0.0.1',
        port: typeof listening === 'object' && listening ? listening.port : 0,
        user: 'u',
        identities: [],
        identitiesOnly: false,
        agentSocket: null,
        password: 'secret',
        proxyCommand: null,
        jumps: [],
        knownHostsFiles: [],
        hostKeyName: 'h1',
        hostKeyPolicy: 'off',
        become: 'none',
        becomePassword: null,
      });
    });
  });
}

async function failure(work: Promise<unknown>): Promise<ConnectionFailure> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConnectionFailure);
  return error as ConnectionFailure;
}

async function connected(behaviour: Behaviour): Promise<Connection> {
  const connection = await createConnect()(await serve(behaviour));
  endings.unshift(() => void connection.close());
  return connection;
}

/** Where a wait ends that is given more and more time: a busy machine takes its own to come so far. */
async function inTheEnd(work: (timeoutMs: number) => Promise<unknown>, phase: Phase): Promise<void> {
  let timeoutMs = 100;
  await expect
    .poll(async () => {
      timeoutMs *= 2;
      return (await failure(work(timeoutMs))).phase;
    })
    .toBe(phase);
}

const NOTHING = [{ name: 'nothing', text: ':' }];

describe('a server that', () => {
  it('refuses the login', async () => {
    const host = await serve({ login: (context) => context.reject() });
    const error = await failure(createConnect()(host));
    expect(error.message).toMatch(/the login as u was refused \(tried a password, a password when asked\)$/);
  });

  it('asks for the password as a question', async () => {
    const host = await serve({
      login: (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
          if (answers[0] === 'secret') context.accept();
          else context.reject();
        });
      },
    });
    await (await createConnect()(host)).close();
  });

  it('goes away during the login', async () => {
    const host = await serve({ login: (_context, client) => client.end() });
    expect((await failure(createConnect()(host))).code).toBe(4);
  });

  it('never answers the login', async () => {
    const host = await serve({ login: () => {} });
    expect((await failure(createConnect()(host, { connectTimeoutMs: 200 }))).message).toContain(
      'no answer within 0.2 s',
    );
  });

  it('refuses channels', async () => {
    const connection = await connected({ refuseSessions: true });
    expect(await failure(connection.open(['true']))).toMatchObject({ phase: 'channel', code: 2 });
  });

  it('refuses programs', async () => {
    const connection = await connected({ exec: (_accept, reject) => reject() });
    expect(await failure(connection.runScript(NOTHING))).toMatchObject({ phase: 'channel', code: 2 });
  });

  it('never starts the program', async () => {
    const connection = await connected({});
    expect((await failure(connection.open(['true'], { timeoutMs: 100 }))).phase).toBe('channel');
    const started = await connected({ exec: (accept) => void accept() });
    await inTheEnd((timeoutMs) => started.runScript(NOTHING, { timeoutMs }), 'become');
  });

  it('ends the program at once, by exit or by signal', async () => {
    const exits = await connected({
      exec: (accept) => {
        const channel = accept();
        channel.stderr.write('not today\n');
        channel.exit(3);
        channel.end();
      },
    });
    expect((await failure(exits.runScript(NOTHING))).message).toMatch(/ended with 3: not today$/);
    const killed = await connected({
      exec: (accept) => {
        const channel = accept();
        channel.exit('KILL');
        channel.end();
      },
    });
    expect((await failure(killed.open(['true']))).message).toMatch(/was killed$/);
  });

  it('goes away while a program starts', async () => {
    const connection = await connected({ exec: (_accept, _reject, client) => client.end() });
    expect((await failure(connection.open(['true']))).phase).toBe('lost');
  });

  it('speaks without end before the program runs', async () => {
    const connection = await connected({
      exec: (accept) => {
        const channel = accept();
        const babble = (): void => {
          while (!channel.destroyed && channel.write(Buffer.alloc(32_768, 0x78)));
          channel.once('drain', babble);
        };
        babble();
      },
    });
    await inTheEnd((timeoutMs) => connection.open(['true'], { timeoutMs }), 'become');
  });
});
