/** A server of Debian's in a process group of its own, with its own configuration and its own /run, ended with all that it started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckConfig } from '../../src/config/service.ts';
import { openPeerSockets } from '../../src/kernel/peer-sockets.ts';
import { loadRawio } from '../../src/kernel/rawio.ts';
import { openStreams } from '../../src/kernel/streams.ts';
import { probeMaker } from '../../src/probes/probe.ts';
import { specOf } from '../probes/spec.ts';

/** 'passed', or why not; asked once, on loopback. */
export async function ask(check: CheckConfig, port: number): Promise<string> {
  const sockets = openPeerSockets(loadRawio());
  const runScript = () => Promise.resolve({ exitCode: null, problem: 'no scripts here' });
  const result = await probeMaker({ sockets, streams: openStreams(loadRawio()), runScript })(specOf(check, port))(
    new AbortController().signal,
  );
  return result.ok ? 'passed' : result.error.replace(/^127\.0\.0\.1:\d+ /, '');
}

export class ProbedServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';

  private constructor(port: number, folder: string, command: string) {
    this.port = port;
    this.#folder = folder;
    // What it keeps under these folders is the machine's own service's, or that of a test that runs at the same time.
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const hide = ['/run', '/var/spool/smtpd'].map((path) => `mount -t tmpfs -o mode=711 tmpfs ${path} 2>/dev/null`);
    this.#child = spawn(
      'unshare',
      [...user, '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', `${hide.join('; ')}; exec ${command}`],
      {
        cwd: folder,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
  }

  /** @param isReady - asked again and again; what it throws at the end is thrown, with what the server has said */
  static async start(
    { command, config }: { command: string; config: (port: number) => string },
    isReady: (port: number) => Promise<boolean>,
  ): Promise<ProbedServer> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'probed-'));
    writeFileSync(join(folder, 'conf'), config(port));
    const server = new ProbedServer(port, folder, command);
    const endMs = performance.now() + 30_000;
    while (!(await isReady(port))) {
      if (performance.now() < endMs && server.#child.exitCode === null) continue;
      await server.stop();
      throw new Error(`${command} does not answer: ${server.#said}`);
    }
    return server;
  }

  /** To all of its processes. */
  signal(name: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, name);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.signal('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** For TCP; whoever asks takes it at once. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
