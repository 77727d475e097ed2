/**
 * Becoming root by the real sudo: sshd runs in a mount namespace of its own with other passwd, shadow and sudoers files,
 * so nothing of this machine changes.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConnect } from '../../src/ssh/connect.ts';
import type { HostConnection } from '../../src/ssh/connection.ts';
import { ConnectionFailure } from '../../src/ssh/failure.ts';
import { type Sshd, startSshd } from '../ssh/sshd.ts';

const PASSWORD = "it's $ecret \\";
/** Each may do something else by sudo. */
const USERS = ['free', 'asked', 'forbidden', 'tty', 'noisy'];

const SUDOERS = `Defaults env_reset
Defaults:tty requiretty
free ALL=(ALL) NOPASSWD: ALL
noisy ALL=(ALL) NOPASSWD: ALL
tty ALL=(ALL) NOPASSWD: ALL
asked ALL=(ALL) ALL
`;

let sshd: Sshd;
let folder: string;

function accounts(): void {
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: PASSWORD, encoding: 'utf8' }).trim();
  const home = (user: string): string => join(folder, user);
  const passwd = USERS.map((user, index) => `${user}:x:${4200 + index}:4200::${home(user)}:/bin/bash`);
  writeFileSync(
    join(folder, 'passwd'),
    `root:x:0:0:root:/root:/bin/bash\nsshd:x:4100:65534::/run/sshd:/bin/false\n${passwd.join('\n')}\n`,
  );
  writeFileSync(
    join(folder, 'shadow'),
    `root:*:19000::::::\n${USERS.map((user) => `${user}:${hash}:19000::::::`).join('\n')}\n`,
  );
  writeFileSync(join(folder, 'sudoers'), SUDOERS);
  chmodSync(join(folder, 'sudoers'), 0o440);
  for (const user of USERS) execFileSync('install', ['-d', '-o', String(4200 + USERS.indexOf(user)), home(user)]);
  // bash reads it when sshd starts it, and everything it prints stands before what the program says.
  writeFileSync(join(home('noisy'), '.bashrc'), 'echo Welcome; echo lvs-ready-0123456789abcdef; echo Beware >&2\n');
}

describe.runIf(userInfo().uid === 0)('sudo', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lvsctl-sudo-'));
    chmodSync(folder, 0o755);
    accounts();
    const mounts = ['passwd', 'shadow', 'sudoers'].map((file) => `mount --bind ${folder}/${file} /etc/${file}`);
    sshd = await startSshd({ wrap: ['unshare', '-m', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'] });
    chmodSync(sshd.folder, 0o755);
  });

  afterAll(async () => {
    await sshd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const hostOf = (user: string, becomePassword: string | null = null): HostConnection => ({
    ...sshd.host,
    user,
    become: 'sudo',
    becomePassword,
  });

  async function rootId(host: HostConnection): Promise<string | undefined> {
    const connection = await createConnect()(host);
    try {
      const { steps } = await connection.runScript([{ name: 'who', text: 'id -un; printf complaint >&2' }]);
      expect(steps[0]?.stderr).toBe('complaint');
      const stream = await connection.open(['cat', '/proc/self/loginuid', '/etc/shadow']);
      let read = 0;
      for await (const chunk of stream) read += chunk.length;
      expect(read).toBeGreaterThan(100);
      return steps[0]?.stdout.trim();
    } finally {
      await connection.close();
    }
  }

  async function refusal(host: HostConnection): Promise<ConnectionFailure> {
    const error = await rootId(host).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionFailure);
    return error as ConnectionFailure;
  }

  it('becomes root without a password', async () => {
    expect(await rootId(hostOf('free'))).toBe('root');
  });

  it('is not confused by what a login shell prints first', async () => {
    expect(await rootId(hostOf('noisy'))).toBe('root');
  });

  it('gives the password when it is asked, and only then', async () => {
    expect(await rootId(hostOf('asked', PASSWORD))).toBe('root');
    expect(await rootId(hostOf('free', PASSWORD))).toBe('root');
  });

  it('says that a password is wanted, wrong, or of no use', async () => {
    const wanted = await refusal(hostOf('asked'));
    expect(wanted.message).toMatch(/^h1 \(.*\): sudo asks for a password$/);
    expect(wanted.code).toBe(7);
    expect(wanted.hints[0]).toContain('NOPASSWD');
    expect((await refusal(hostOf('asked', 'wrong'))).message).toMatch(/sudo refused the password$/);
    expect((await refusal(hostOf('forbidden', PASSWORD))).message).toMatch(/may not become root by sudo$/);
    expect((await refusal(hostOf('tty'))).message).toMatch(/wants a terminal/);
  });

  it('uploads as root', async () => {
    const connection = await createConnect()(hostOf('asked', PASSWORD));
    const path = join(folder, 'by-root');
    await connection.upload(path, Buffer.from('x'), { size: 1 });
    expect(execFileSync('stat', ['-c', '%u %a', path], { encoding: 'utf8' })).toBe('0 600\n');
    await connection.close();
  });

  it('says that doas is not installed', async () => {
    expect((await refusal({ ...hostOf('free'), become: 'doas' })).message).toMatch(/doas is not installed$/);
  });
});
