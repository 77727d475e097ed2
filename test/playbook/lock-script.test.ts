/** The lock's scripts, run for real by the shells of the hosts; ss(8) is played, for its sockets would need an sshd. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeText, takeText } from '../../src/playbook/lock-script.ts';

let root = '';
let folder = '';
const started: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lock-'));
  folder = join(root, 'lock');
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

/** `ss -Htnpi` as iproute2 6.1 prints it: a line for the socket, one for its figures. */
function playSs(pid: number, figures: string): string {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const text = `ESTAB 0 0 10.77.0.12:22 10.77.0.254:40000 users:(("sshd",pid=${pid},fd=4))
	 cubic wscale:10,6 rto:220 rtt:11/15 cwnd:10 bytes_sent:5577 ${figures} rcv_space:14480
ESTAB 0 0 10.77.0.12:22 10.77.0.254:50000 users:(("sshd",pid=1,fd=4))
	 cubic wscale:10,6 rto:220 cwnd:10 lastsnd:99999 lastrcv:99999 lastack:99999`;
  writeFileSync(join(bin, 'ss'), `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`, { mode: 0o755 });
  return bin;
}

/** A shell that holds the lock, below a process that stands for its sshd. */
async function startHolder(): Promise<{
  readonly sshd: number;
  readonly shell: number;
  readonly ended: Promise<unknown>;
}> {
  const inner = `${takeText(folder, '{"token":"old","who":"other"}')}\necho $$; read -r _`;
  const child = spawn('sh', ['-c', 'sh -c "$0"; :', inner], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  const [printed] = await once(child.stdout, 'data');
  return { sshd: child.pid ?? 0, shell: Number(String(printed)), ended: once(child, 'exit') };
}

const isThere = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describe.each([
  ['dash', ['-u']],
  ['bash', ['--posix', '-u']],
] as const)('%s', (program, options) => {
  const sh = (text: string, bin = '') =>
    execFileSync(program, [...options, '-c', `f() {\n${text}\n}\nf </dev/null`], {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { PATH: `${bin}:${process.env['PATH']}` },
    });
  const take = (bin?: string) => sh(takeText(folder, '{"token":"new","who":"me"}'), bin);

  it('takes a lock that nobody has, and gives back its own only', () => {
    expect(take()).toBe('');
    sh(freeText(folder, 'other'));
    expect(existsSync(folder)).toBe(true);
    sh(freeText(folder, 'new'));
    expect(existsSync(folder)).toBe(false);
    sh(freeText(folder, 'new'));
  });

  it('takes over the lock of a shell that is gone', () => {
    take();
    expect(take()).toBe('');
  });

  it.each([
    ['hears its client', 'lastsnd:90000 lastrcv:400 lastack:70'],
    ['gets acknowledgements', 'lastsnd:90000 lastrcv:90000 lastack:29000'],
    ['heard it just now', 'lastsnd:4 lastack:70000'],
  ])('leaves the lock to a shell whose connection %s', async (_what, figures) => {
    const { sshd, shell } = await startHolder();
    expect(take(playSs(sshd, figures))).toBe('held\n{"token":"old","who":"other"}\n');
    expect(isThere(shell)).toBe(true);
  });

  it('leaves the lock to a shell of which it knows no connection', async () => {
    await startHolder();
    expect(take(playSs(1, 'lastsnd:99999 lastrcv:99999 lastack:99999'))).toContain('held');
  });

  it.each(['lastsnd:99999 lastrcv:30001 lastack:50000', 'lastsnd:4 lastrcv:1.2e+06 lastack:1.2e+06'])(
    'ends a shell whose client has been silent (%s), and takes its lock',
    async (figures) => {
      const { sshd, shell, ended } = await startHolder();
      expect(take(playSs(sshd, figures))).toBe('');
      await ended;
      await expect.poll(() => isThere(shell)).toBe(false);
      expect(readFileSync(join(folder, 'holder'), 'utf8')).toContain('"new"');
    },
  );

  it('says that a lock without a folder to be in cannot be made', () => {
    rmSync(root, { recursive: true });
    expect(() => take()).toThrow(/No such file/);
    mkdirSync(root);
  });
});
