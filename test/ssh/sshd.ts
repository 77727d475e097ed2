/** A real OpenSSH sshd on a high loopback port, with keys of its own, for tests. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { HostConnection } from '../../src/ssh/connection.ts';

export interface Sshd {
  readonly port: number;
  readonly folder: string;
  /** A connection that works, to be spoilt by tests. */
  readonly host: HostConnection;
  /** The public host key as in known_hosts, without a name. */
  readonly hostKey: string;
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** Lines for sshd_config. */
  readonly config?: readonly string[];
  /** A command that runs sshd, for namespaces. */
  readonly wrap?: readonly string[];
  readonly hostKeyType?: 'ed25519' | 'rsa' | 'ecdsa';
}

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'lvsctl-sshd-'));
  const type = options.hostKeyType ?? 'ed25519';
  keygen(join(folder, 'host'), type);
  keygen(join(folder, 'id'), 'ed25519');
  const port = await freePort();
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `PidFile ${folder}/pid`,
    `AuthorizedKeysFile ${folder}/id.pub`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 100',
    ...(options.config ?? []),
  ];
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  const argv = [...(options.wrap ?? []), '/usr/sbin/sshd', '-D', '-e', '-f', join(folder, 'sshd_config')];
  const child = spawn(argv[0] ?? '', argv.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  await answering(port, child, log);
  const hostKey = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}\n`);
  const host: HostConnection = {
    name: 'h1',
    address: '127.0.0.1',
    port,
    user: userInfo().username,
    identities: [join(folder, 'id')],
    identitiesOnly: false,
    agentSocket: null,
    password: null,
    proxyCommand: null,
    jumps: [],
    knownHostsFiles: [join(folder, 'known_hosts')],
    hostKeyName: `[127.0.0.1]:${port}`,
    hostKeyPolicy: 'strict',
    become: 'none',
    becomePassword: null,
  };
  return { port, folder, host, hostKey, stop: () => stop(child, folder) };
}

export function keygen(file: string, type: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', file]);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function answering(port: number, child: ChildProcess, log: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${log.join('')}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`sshd does not answer: ${log.join('')}`);
}

function stop(child: ChildProcess, folder: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      rmSync(folder, { recursive: true, force: true });
      resolve();
    };
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once('exit', done);
    child.kill('SIGTERM');
  });
}
