/** The transport against a real OpenSSH server on a loopback port. */
import { execFileSync } from 'node:child_process';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAgentClient } from '../../src/client/agent.ts';
import { createConnect } from '../../src/ssh/connect.ts';
import type { Connection, HostConnection } from '../../src/ssh/connection.ts';
import { ConnectionFailure } from '../../src/ssh/failure.ts';
import { inParallel } from '../../src/ssh/gate.ts';
import { freePort, keygen, type Sshd, startSshd } from '../ssh/sshd.ts';

const isRoot = userInfo().uid === 0;

let sshd: Sshd;
let folder: string;

beforeAll(async () => {
  sshd = await startSshd();
  folder = mkdtempSync(join(tmpdir(), 'lvsctl-ssh-'));
});

afterAll(async () => {
  await sshd?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const hostWith = (changes: Partial<HostConnection>): HostConnection => ({ ...sshd.host, ...changes });

async function withConnection<T>(host: HostConnection, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnect()(host);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function failureOf(work: Promise<unknown>): Promise<ConnectionFailure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectionFailure);
  return error as ConnectionFailure;
}

const failureTo = (changes: Partial<HostConnection>, connectTimeoutMs = 10_000): Promise<ConnectionFailure> =>
  failureOf(
    createConnect()(hostWith(changes), { connectTimeoutMs }).then(async (connection) => {
      await connection.close();
    }),
  );

const knownHosts = (text: string): Partial<HostConnection> => {
  const file = join(folder, `known_hosts-${Math.random()}`);
  writeFileSync(file, text);
  return { knownHostsFiles: [file] };
};

/** A TCP server that does with each connection what it is told; ends with the test. */
async function serverThat(serve: (socket: Socket) => void): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port, close };
}

describe('scripts', () => {
  it('runs steps in one shell, apart by stream, and stops after the first that fails', async () => {
    await withConnection(sshd.host, async (connection) => {
      const { steps, failed } = await connection.runScript([
        { name: 'both streams', text: 'printf out; printf err >&2' },
        { name: 'sees nothing on stdin', text: 'cat' },
        {
          name: 'fails',
          commands: [
            { kind: 'run', argv: ['true'] },
            { kind: 'run', argv: ['sh', '-c', 'exit 7'] },
          ],
        },
        { name: 'never', text: 'echo never' },
      ]);
      expect(steps.map(({ name, exitCode, stdout, stderr }) => [name, exitCode, stdout, stderr])).toEqual([
        ['both streams', 0, 'out', 'err'],
        ['sees nothing on stdin', 0, '', ''],
        ['fails', 7, '', ''],
      ]);
      expect(failed).toMatchObject({ name: 'fails', failedCommand: 1 });
      expect((await connection.runScript([{ name: 'again', text: 'echo again' }])).steps[0]?.stdout).toBe('again\n');
    });
  });

  it('writes, links and removes files whatever their content, atomically and with the mode asked for', async () => {
    const place = join(folder, 'made', 'here');
    const content = `it's $HOME \`x\` "q" \\ \x01\x7f é – 漢\nLVS_END_0\nno newline at the end`;
    await withConnection(sshd.host, async (connection) => {
      const { failed } = await connection.runScript([
        {
          name: 'files',
          commands: [
            { kind: 'write', path: join(place, 'a b'), content, mode: 0o640 },
            { kind: 'write', path: join(place, 'run'), content: '#!/bin/sh\n', mode: 0o755 },
            { kind: 'write', path: join(place, 'old'), content: '', mode: 0o600 },
            { kind: 'link', path: join(place, 'link'), target: '/usr' },
            { kind: 'link', path: join(place, 'link'), target: '/tmp' },
            { kind: 'remove', path: join(place, 'old') },
            { kind: 'remove', path: join(place, 'never was') },
            { kind: 'run', argv: ['sh', '-c', 'cat >"$0"', join(place, 'stdin')], stdin: { secret: 'LVS_END_0\nx\n' } },
          ],
        },
      ]);
      expect(failed).toBeNull();
    });
    expect(readFileSync(join(place, 'a b'), 'utf8')).toBe(content);
    expect(readFileSync(join(place, 'stdin'), 'utf8')).toBe('LVS_END_0\nx\n');
    const listing = execFileSync('stat', ['-c', '%a %n', place, `${place}/a b`, `${place}/run`], { encoding: 'utf8' });
    expect(listing.split('\n').map((line) => line.split(' ')[0])).toEqual(['755', '640', '755', '']);
    expect(execFileSync('ls', ['-A', place], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      'a b',
      'link',
      'run',
      'stdin',
    ]);
    expect(execFileSync('readlink', [join(place, 'link')], { encoding: 'utf8' })).toBe('/tmp\n');
  });

  it('bounds what a step may say, and says that it did', async () => {
    await withConnection(sshd.host, async (connection) => {
      const { steps } = await connection.runScript([
        { name: 'huge', text: 'head -c 30000000 /dev/zero; head -c 3000000 /dev/zero >&2' },
        { name: 'after', text: 'echo after' },
      ]);
      expect(steps[0]).toMatchObject({ exitCode: 0, truncated: true });
      expect(steps[0]?.stdout.length).toBe(8 * 1024 * 1024);
      expect(steps[1]).toMatchObject({ stdout: 'after\n', truncated: false });
    });
  });

  it('names the step in which the shell ended', async () => {
    await withConnection(sshd.host, async (connection) => {
      const failure = await failureOf(
        connection.runScript([
          { name: 'fine', text: ':' },
          { name: 'the last', text: 'echo goodbye >&2; exit 9' },
        ]),
      );
      expect(failure.message).toMatch(/^h1 \(127\.0\.0\.1:\d+\): .*ended with 9 during "the last": goodbye$/);
      expect(failure.code).toBe(2);
      await expect(connection.runScript([{ name: 'more', text: ':' }])).rejects.toBe(failure);
    });
  });

  it('tells a syntax error of a step by the words of the shell', async () => {
    await withConnection(sshd.host, async (connection) => {
      const failure = await failureOf(connection.runScript([{ name: 'broken', text: 'if' }]));
      expect(failure.message).toMatch(/syntax error/i);
    });
  });

  it('ends by its timeout and by its signal', async () => {
    const slow = [{ name: 'slow', text: 'sleep 60' }];
    const late = await withConnection(sshd.host, (c) => failureOf(c.runScript(slow, { timeoutMs: 300 })));
    expect(late.message).toMatch(/no answer within 0\.3 s/);
    const abort = new AbortController();
    const aborted = await withConnection(sshd.host, (connection) => {
      const run = failureOf(connection.runScript(slow, { signal: abort.signal }));
      abort.abort();
      return run;
    });
    expect(aborted.code).toBe(130);
  });

  it('keeps runs of one connection in their order', async () => {
    await withConnection(sshd.host, async (connection) => {
      const runs = ['1', '2', '3'].map((n) =>
        connection.runScript([{ name: n, text: `lvs_order="\${lvs_order-}${n}"; echo $lvs_order` }]),
      );
      expect((await Promise.all(runs)).map(({ steps }) => steps[0]?.stdout)).toEqual(['1\n', '12\n', '123\n']);
    });
  });
});

describe('host keys', () => {
  it('takes a hashed entry, as Debian writes them', async () => {
    const file = join(folder, 'hashed');
    writeFileSync(file, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    await withConnection(hostWith({ knownHostsFiles: [join(folder, 'missing'), file] }), async () => {});
  });

  it('refuses an unknown host, names its fingerprint and sends nothing', async () => {
    const failure = await failureTo(knownHosts('# nothing\n'));
    const shown = execFileSync('ssh-keygen', ['-lf', join(sshd.folder, 'host.pub')], { encoding: 'utf8' }).split(
      ' ',
    )[1];
    expect(failure.message).toContain(`its host key is not known: ssh-ed25519 ${shown}`);
    expect([failure.phase, failure.code]).toEqual(['hostkey', 7]);
  });

  it('refuses a changed key, and says where the old one stands and how to remove it', async () => {
    keygen(join(folder, 'other'), 'ed25519');
    const other = readFileSync(join(folder, 'other.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    const spoilt = knownHosts(`# a comment\n[127.0.0.1]:${sshd.port} ${other}\n`);
    const failure = await failureTo(spoilt);
    expect(failure.message).toContain(`another one stands in ${spoilt.knownHostsFiles?.[0]}:2`);
    expect(failure.hints[1]).toBe(`ssh-keygen -R '[127.0.0.1]:${sshd.port}' -f ${spoilt.knownHostsFiles?.[0]}`);
    expect(failure.code).toBe(7);
    expect((await failureTo({ ...spoilt, hostKeyPolicy: 'accept-new' })).code).toBe(7);
  });

  it('refuses a revoked key although it is listed, whatever the policy', async () => {
    const text = `* ${sshd.hostKey}\n@revoked * ${sshd.hostKey}\n@cert-authority * ${sshd.hostKey}\n`;
    expect((await failureTo(knownHosts(text))).message).toMatch(/is revoked in .*:2$/);
    expect((await failureTo({ ...knownHosts(text), hostKeyPolicy: 'accept-new' })).code).toBe(7);
  });

  it('learns a new key by accept-new, once, and is strict with it afterwards', async () => {
    const file = join(folder, 'new', 'known_hosts');
    const host = hostWith({ knownHostsFiles: [file], hostKeyPolicy: 'accept-new' });
    await withConnection(host, async () => {});
    expect(readFileSync(file, 'utf8')).toBe(`[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
    await withConnection({ ...host, hostKeyPolicy: 'strict' }, async () => {});
    await withConnection(host, async () => {});
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it.each(['rsa', 'ecdsa'] as const)('asks for the key type that is known (%s)', async (hostKeyType) => {
    const both = await startSshd({ hostKeyType });
    try {
      keygen(join(both.folder, 'second'), 'ed25519');
      await withConnection(both.host, async () => {});
    } finally {
      await both.stop();
    }
  });
});

describe('the login', () => {
  it('is refused with what was tried', async () => {
    keygen(join(folder, 'stranger'), 'ed25519');
    const failure = await failureTo({ identities: [join(folder, 'stranger')] });
    expect(failure.message).toMatch(/the login as \S+ was refused \(tried key .*stranger\)$/);
    expect([failure.phase, failure.code]).toEqual(['auth', 7]);
  });

  it('names a key that needs a passphrase, and opens it when somebody tells', async () => {
    const file = join(folder, 'locked');
    keygen(file, 'ed25519', 'open sesame');
    writeFileSync(
      join(sshd.folder, 'id.pub'),
      readFileSync(join(sshd.folder, 'id.pub'), 'utf8') + readFileSync(`${file}.pub`, 'utf8'),
    );
    const failure = await failureTo({ identities: [file] });
    expect(failure.message).toContain(`the key file ${file} needs a passphrase`);
    const connect = createConnect({ askPassphrase: async () => 'open sesame' });
    await (await connect(hostWith({ identities: [file] }))).close();
  });

  it('says when there is nothing to log in with, and when a key is none', async () => {
    expect((await failureTo({ identities: [join(folder, 'missing')] })).message).toContain(
      'there is nothing to log in with',
    );
    const junk = join(folder, 'junk');
    writeFileSync(junk, 'this is no key');
    expect((await failureTo({ identities: [junk] })).message).toContain('is no private key that can be used');
  });

  it('uses an agent, and with IdentitiesOnly only the keys that are named', async () => {
    const started = execFileSync('ssh-agent', ['-a', join(folder, 'agent.sock')], { encoding: 'utf8' });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]);
    const env = { ...process.env, SSH_AUTH_SOCK: join(folder, 'agent.sock') };
    try {
      keygen(join(folder, 'extra'), 'ed25519');
      execFileSync('ssh-add', ['-q', join(folder, 'extra')], { env, stdio: 'ignore' });
      execFileSync('ssh-add', ['-q', join(sshd.folder, 'id')], { env, stdio: 'ignore' });
      const withAgent = { agentSocket: env.SSH_AUTH_SOCK, identities: [] };
      await withConnection(hostWith(withAgent), async () => {});
      const named = { ...withAgent, identitiesOnly: true };
      expect((await failureTo({ ...named, identities: [join(folder, 'extra')] })).code).toBe(7);
    } finally {
      process.kill(pid);
    }
  });
});

describe('the way there', () => {
  it('goes through a ProxyCommand, and says what that said when it fails', async () => {
    const proxyCommand = `socat - TCP:127.0.0.1:${sshd.port}`;
    await withConnection(hostWith({ proxyCommand }), async (connection) => {
      expect((await connection.runScript([{ name: 'x', text: 'echo here' }])).steps[0]?.stdout).toBe('here\n');
    });
    const failure = await failureTo({ proxyCommand: 'echo sorry, no way >&2; exit 1' });
    expect(failure.message).toContain('its ProxyCommand finds no way: sorry, no way');
    expect(failure.code).toBe(4);
    expect((await failureTo({ proxyCommand: '/no/such/program' })).message).toMatch(/not found|No such file/i);
  });

  it('leaves no ProxyCommand behind, even one that ignores the end of its input', async () => {
    const mark = join(folder, 'proxy.pid');
    const proxyCommand = `sh -c 'echo $$ >${mark}; sleep 300'`;
    const abort = new AbortController();
    const failure = failureOf(createConnect()(hostWith({ proxyCommand }), { signal: abort.signal }));
    const pid = (): number => Number(existsSync(mark) && readFileSync(mark, 'utf8'));
    await expect.poll(pid).toBeGreaterThan(0);
    abort.abort();
    expect((await failure).code).toBe(130);
    await expect.poll(() => existsSync(`/proc/${pid()}`)).toBe(false);
  });

  it('is lost at once when its ProxyCommand ends in the middle of a script', { timeout: 20_000 }, async () => {
    const mark = join(folder, 'socat.pid');
    const proxyCommand = `sh -c 'echo $$ >${mark}; exec socat - TCP:127.0.0.1:${sshd.port}'`;
    await withConnection(hostWith({ proxyCommand }), async (connection) => {
      const work = failureOf(
        connection.runScript(
          [
            { name: 'first', text: ':' },
            { name: 'second', text: 'sleep 30' },
          ],
          { onStep: () => process.kill(Number(readFileSync(mark, 'utf8')), 'SIGKILL') },
        ),
      );
      const failure = await work;
      expect(failure).toMatchObject({ phase: 'lost', code: 2, hints: [expect.stringContaining('network')] });
      expect((await failureOf(connection.upload('/nowhere', Buffer.from('x'), { size: 1 }))).code).toBe(2);
    });
  });

  it('hops through a jump host whose key is checked by its own name, one connection for all', async () => {
    const inner = await startSshd();
    try {
      const jump = hostWith({ name: 'bastion' });
      const connect = createConnect();
      const target = { ...inner.host, jumps: [jump] };
      const connections = await Promise.all(['a', 'b', 'c'].map((name) => connect({ ...target, name })));
      const { steps } = await connections[0]!.runScript([{ name: 'who', text: 'echo $SSH_CONNECTION' }]);
      expect(steps[0]?.stdout).toContain(` ${inner.port}`);
      await Promise.all(connections.map((connection) => connection.close()));
      const doubted = { ...target, jumps: [{ ...jump, knownHostsFiles: [] }] };
      const failure = await failureOf(connect(doubted));
      expect([failure.host, failure.phase]).toEqual(['bastion', 'hostkey']);
      const closed = await failureOf(connect({ ...target, port: await freePort() }));
      expect(closed.message).toContain('the jump host bastion cannot reach it');
      expect(closed.code).toBe(4);
    } finally {
      await inner.stop();
    }
  });
});

it('says that the login was refused when there are too many keys', async () => {
  const impatient = await startSshd({ config: ['MaxAuthTries 2'] });
  onTestFinished(() => impatient.stop());
  const identities = ['k1', 'k2', 'k3', 'k4'].map((name) => join(folder, name));
  for (const file of identities) keygen(file, 'ed25519');
  const failure = await failureOf(createConnect()({ ...impatient.host, identities }));
  expect([failure.phase, failure.code, failure.message]).toEqual(['auth', 7, expect.stringContaining('was refused')]);
});

describe('servers that do not behave', () => {
  it('tells a closed port, a name that does not exist and a host that hangs', async () => {
    expect((await failureTo({ port: await freePort() })).message).toContain('connection refused');
    const unknown = await failureTo({ address: 'no-such-host.invalid' });
    expect([unknown.code, unknown.message]).toEqual([4, expect.stringContaining('its name cannot be resolved')]);
    const silent = await serverThat(() => {});
    try {
      const failure = await failureTo({ port: silent.port }, 300);
      expect([failure.code, failure.message]).toEqual([4, expect.stringContaining('no answer within 0.3 s')]);
    } finally {
      silent.close();
    }
  });

  it.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['random bytes', Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251))],
    ['a banner without end', Buffer.alloc(1024 * 1024, 0x41)],
    ['SSH 1', 'SSH-1.5-old\r\n'],
    ['a good banner, then nonsense', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(4096, 0xff)])],
  ])('is not led astray by %s', async (_what, bytes) => {
    const server = await serverThat((socket) => socket.end(bytes));
    try {
      const failure = await failureTo({ port: server.port }, 3000);
      expect(failure.code).toBe(4);
      expect(failure.message.length).toBeLessThan(300);
      expect(failure.message).not.toMatch(/\n/);
    } finally {
      server.close();
    }
  });

  /** Stands between us and sshd, and cuts. */
  async function cutter(): Promise<{ port: number; cut: () => void; close: () => void }> {
    const links: Socket[] = [];
    const relay = await serverThat((socket) => {
      const onward = dial(sshd.port, '127.0.0.1');
      onward.on('error', () => {});
      links.push(socket, onward);
      socket.pipe(onward).pipe(socket);
    });
    const cut = (): void => {
      for (const link of links) link.destroy();
    };
    return { ...relay, cut };
  }

  it('leaves nothing of an upload that is cut in the middle', async () => {
    const relay = await cutter();
    const path = join(folder, 'cut');
    try {
      const connection = await createConnect()(hostWith({ port: relay.port }));
      const size = 64 * 1024 * 1024;
      let met = false;
      const failure = await failureOf(
        connection.upload(path, Buffer.alloc(size), {
          size,
          onProgress: (sent) => {
            if (sent < 4 * 1024 * 1024) return;
            met ||= existsSync(path);
            relay.cut();
          },
        }),
      );
      expect([failure.phase, met]).toEqual(['lost', true]);
      await expect.poll(() => existsSync(path), { timeout: 10_000 }).toBe(false);
      await connection.close();
    } finally {
      relay.close();
    }
  });

  it('begins no further step on a host whose connection is gone', async () => {
    const relay = await cutter();
    const made = (name: string): string => join(folder, `steps-${name}`);
    try {
      const connection = await createConnect()(hostWith({ port: relay.port }));
      const run = failureOf(
        connection.runScript([
          {
            name: 'runs',
            text: `echo $$ >${made('pid.new')}; mv ${made('pid.new')} ${made('pid')}; sleep 0.5; : >${made('first')}`,
          },
          { name: 'never', text: `: >${made('second')}` },
        ]),
      );
      await expect.poll(() => existsSync(made('pid'))).toBe(true);
      const pid = readFileSync(made('pid'), 'utf8').trim();
      relay.cut();
      await run;
      await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
      expect([existsSync(made('first')), existsSync(made('second'))]).toEqual([true, false]);
      await connection.close();
    } finally {
      relay.close();
    }
  });

  it('tells a connection that is cut in the middle of a script, at once', async () => {
    const relay = await cutter();
    try {
      const connection = await createConnect()(hostWith({ port: relay.port }));
      const run = failureOf(
        connection.runScript(
          [
            { name: 'before', text: 'echo before' },
            { name: 'long', text: 'sleep 30' },
          ],
          {
            onStep: relay.cut,
          },
        ),
      );
      const failure = await run;
      expect([failure.code, failure.phase]).toEqual([2, 'lost']);
      expect((await failureOf(connection.open(['true']))).phase).toBe('lost');
      await connection.close();
    } finally {
      relay.close();
    }
  });
});

describe('files and streams', () => {
  it('uploads with the mode asked for and tells progress', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const path = join(folder, 'uploaded');
    const told: number[] = [];
    await withConnection(sshd.host, (connection) =>
      connection.upload(path, bytes, { size: bytes.length, mode: 0o755, onProgress: (sent) => told.push(sent) }),
    );
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(told.at(-1)).toBe(bytes.length);
  });

  it.runIf(isRoot)('leaves nothing of an upload to a full disk, and names host and path', async () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', small]);
    onTestFinished(() => void execFileSync('umount', [small]));
    const failure = await withConnection(sshd.host, (connection) =>
      failureOf(connection.upload(join(small, 'release'), Buffer.alloc(1024 * 1024), { size: 1024 * 1024 })),
    );
    expect(failure.message).toMatch(/^h1 .*small\/release could not be uploaded: .*No space left on device$/);
    expect(readdirSync(small)).toEqual([]);
  });

  it('removes an upload that came too short, and never writes over a file', async () => {
    const short = join(folder, 'short');
    const failure = await withConnection(sshd.host, (c) => failureOf(c.upload(short, Buffer.from('abc'), { size: 4 })));
    expect(failure.message).toContain('3 of 4 bytes came');
    expect(existsSync(short)).toBe(false);
    const kept = join(folder, 'kept');
    writeFileSync(kept, 'old');
    await withConnection(sshd.host, (c) => failureOf(c.upload(kept, Buffer.from('new'), { size: 3 })));
    expect(readFileSync(kept, 'utf8')).toBe('old');
  });

  it('tells why the source of an upload failed, and leaves nothing', async () => {
    const path = join(folder, 'from-nowhere');
    const failure = await withConnection(sshd.host, (c) =>
      failureOf(c.upload(path, createReadStream(join(folder, 'no such file')), { size: 10 })),
    );
    expect(failure.message).toMatch(/from-nowhere could not be uploaded: ENOENT/);
    await expect.poll(() => existsSync(path)).toBe(false);
  });

  it('carries a program both ways, and tells when it fails', async () => {
    await withConnection(sshd.host, async (connection) => {
      const echo = await connection.open(['cat']);
      echo.end('there and back');
      expect(await text(echo)).toBe('there and back');
      const failing = await connection.open(['sh', '-c', 'echo partly; echo because >&2; exit 4']);
      const failure = await failureOf(text(failing));
      expect(failure.message).toMatch(/ended with 4: because$/);
    });
  });
});

describe('an agent behind the connection', () => {
  it('answers through a program that copies', async () => {
    const socket = join(folder, 'control.sock');
    const server = createHttpServer((request, response) => response.end(JSON.stringify({ asked: request.url })));
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      await withConnection(sshd.host, async (connection) => {
        const through = (to: string) =>
          createAgentClient('lb1', (o) => connection.open(['socat', '-', `UNIX:${to}`], o));
        expect(await through(socket).request('GET', '/v1/x')).toEqual({ status: 200, json: { asked: '/v1/x' } });
        const absent = await through('/nowhere')
          .request('GET', '/')
          .catch((error: unknown) => error);
        expect(absent).toMatchObject({ code: 2, message: expect.stringContaining('lb1: the agent does not run') });
      });
    } finally {
      server.close();
    }
  });
});

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('many at once', () => {
  it('serves 20 connections, each its own', async () => {
    const connect = createConnect();
    const names = Array.from({ length: 20 }, (_, index) => `h${index}`);
    const results = await inParallel(names, 50, async (name) => {
      const connection = await connect(hostWith({ name }));
      const { steps } = await connection.runScript([{ name: 'name', text: `echo ${name}` }]);
      await connection.close();
      return steps[0]?.stdout;
    });
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason))).toEqual(
      names.map((name) => `${name}\n`),
    );
  });
});
