import { describe, expect, it } from 'vitest';
import { announcement, becomeLine, refusalIn, shellLine } from '../../src/ssh/become.ts';
import type { HostConnection } from '../../src/ssh/connection.ts';
import { ConnectionFailure, type Phase, type Reason } from '../../src/ssh/failure.ts';

const failure = (phase: Phase, reason: Reason, cause?: unknown): ConnectionFailure =>
  new ConnectionFailure({ host: 'lb1', target: '10.0.0.1:22', become: 'sudo', phase, reason, cause });

/** Every reason with the whole sentence, and the exit code it stands for alone. */
const CASES: readonly (readonly [Phase, Reason, number, string])[] = [
  ['connect', { kind: 'refused' }, 4, 'connection refused: nothing listens on this port'],
  ['connect', { kind: 'no-route' }, 4, 'no route to it'],
  ['connect', { kind: 'unknown-name' }, 4, 'its name cannot be resolved'],
  ['connect', { kind: 'not-ssh' }, 4, 'what answers there does not speak SSH as it should'],
  ['connect', { kind: 'closed' }, 4, 'the connection was closed before the login was over'],
  ['connect', { kind: 'timeout', afterMs: 20_000 }, 4, 'no answer within 20 s while waiting for the login'],
  ['connect', { kind: 'no-way', through: 'bastion' }, 4, 'the jump host bastion cannot reach it'],
  ['connect', { kind: 'proxy', command: 'nc x 22', stderr: 'a\nno way\n' }, 4, 'its ProxyCommand finds no way: no way'],
  [
    'connect',
    { kind: 'proxy', command: 'nc x 22', stderr: '' },
    4,
    'its ProxyCommand ended without a connection (nc x 22)',
  ],
  [
    'connect',
    {
      kind: 'proxy',
      command: 'nc x 22',
      stderr: '2026/11/21 10:52:23 socat[4711] E connect(5, AF=2 10.77.0.12:22, 16): No route to host\n',
    },
    4,
    'its ProxyCommand finds no way: No route to host',
  ],
  [
    'connect',
    {
      kind: 'proxy',
      command: 'nc x 22',
      stderr: '2026/11/21 11:06:23 socat[47] E connecting to AF=2 10.77.0.12:22: Connection timed out\n',
    },
    4,
    'its ProxyCommand finds no way: Connection timed out',
  ],
  ['connect', { kind: 'algorithms' }, 4, 'no common SSH algorithm'],
  ['connect', { kind: 'other' }, 4, 'cannot be reached'],
  ['connect', { kind: 'aborted' }, 130, 'interrupted'],
  ['resolve', { kind: 'settings', why: '"a;b" is no host name or address' }, 4, '"a;b" is no host name or address'],
  [
    'hostkey',
    { kind: 'hostkey-unknown', fingerprint: 'SHA256:x', type: 'ssh-ed25519', lookup: 'lb1', files: ['/a', '/b'] },
    7,
    'its host key is not known: ssh-ed25519 SHA256:x, and no lb1 in /a, /b',
  ],
  [
    'hostkey',
    { kind: 'hostkey-changed', fingerprint: 'SHA256:x', type: 'ssh-ed25519', lookup: 'lb1', places: ['/a:3'] },
    7,
    'its host key has changed: it shows ssh-ed25519 SHA256:x, but another one stands in /a:3',
  ],
  [
    'hostkey',
    { kind: 'hostkey-revoked', fingerprint: 'SHA256:x', place: '/a:3' },
    7,
    'its host key SHA256:x is revoked in /a:3',
  ],
  ['hostkey', { kind: 'file', file: '/a', why: 'EACCES' }, 7, '/a: EACCES'],
  [
    'auth',
    { kind: 'auth-refused', user: 'ops', tried: ['key /k', 'a password'] },
    7,
    'the login as ops was refused (tried key /k, a password)',
  ],
  [
    'auth',
    { kind: 'auth-refused', user: 'ops', tried: [] },
    7,
    'there is nothing to log in with as ops: no usable key file, no agent, no password',
  ],
  ['auth', { kind: 'key-unusable', file: '/k', why: 'needs a passphrase' }, 7, 'the key file /k needs a passphrase'],
  ['become', { kind: 'become-password' }, 7, 'sudo asks for a password'],
  ['become', { kind: 'become-password-refused' }, 7, 'sudo refused the password'],
  ['become', { kind: 'become-forbidden' }, 7, 'the user may not become root by sudo'],
  ['become', { kind: 'become-tty' }, 7, 'sudo wants a terminal (requiretty)'],
  ['become', { kind: 'become-missing' }, 7, 'sudo is not installed'],
  [
    'become',
    { kind: 'timeout', afterMs: 1500 },
    7,
    'no answer within 1.5 s while waiting for the root shell (does sudo hang?)',
  ],
  ['channel', { kind: 'timeout', afterMs: 1000 }, 2, 'no answer within 1 s while waiting for a channel'],
  [
    'command',
    { kind: 'shell-ended', step: 'sysctls', exitCode: 2, stderr: 'x\nsh: syntax error' },
    2,
    'the program on the host ended with 2 during "sysctls": sh: syntax error',
  ],
  ['command', { kind: 'shell-ended', step: null, exitCode: null, stderr: '' }, 2, 'the program on the host was killed'],
  [
    'command',
    { kind: 'upload', path: '/opt/x', stderr: 'cat: No space left on device' },
    2,
    '/opt/x could not be uploaded: cat: No space left on device',
  ],
  ['lost', { kind: 'closed' }, 2, 'the connection was lost'],
];

describe('a failure of a host', () => {
  it.each(CASES)('%s %j', (phase, reason, code, words) => {
    const error = failure(phase, reason);
    expect(error.message).toBe(`lb1 (10.0.0.1:22): ${words}`);
    expect(error.code).toBe(code);
    expect(error.hints.every((hint) => !hint.includes('\n'))).toBe(true);
  });

  it('takes the last line of its cause, never a stack', () => {
    const cause = new Error('first\nsecond');
    expect(failure('connect', { kind: 'other' }, cause).message).toBe('lb1 (10.0.0.1:22): cannot be reached: second');
    expect(failure('connect', { kind: 'other' }, cause).cause).toBe(cause);
  });
});

describe('what sudo and doas say when they refuse', () => {
  it.each([
    ['sudo: a password is required', 'become-password'],
    ['sudo: no tty present and no askpass program specified', 'become-password'],
    ['doas: Authentication required', 'become-password'],
    ['Sorry, try again.\nsudo: 1 incorrect password attempt', 'become-password-refused'],
    ['sudo: sorry, you must have a tty to run sudo', 'become-tty'],
    ['ops is not in the sudoers file.  This incident will be reported.', 'become-forbidden'],
    ["Sorry, user ops is not allowed to execute '/bin/sh' as root on lb1.", 'become-forbidden'],
    ['Sorry, user ops may not run sudo on lb1.', 'become-forbidden'],
    ['doas: Operation not permitted', 'become-forbidden'],
    ['bash: line 1: exec: sudo: not found', 'become-missing'],
    ['sh: 1: exec: doas: not found', 'become-missing'],
  ])('%s', (stderr, kind) => {
    expect(refusalIn(stderr)).toEqual({ kind });
  });

  it('is not found in other complaints', () => {
    expect(refusalIn('bash: /bin/sh: No such file or directory')).toBeUndefined();
  });
});

describe('becomeLine', () => {
  const host = { become: 'sudo', becomePassword: null } as HostConnection;

  it('has one sudo, a program that announces itself, and quoted arguments', () => {
    const line = becomeLine(host, ['cat', "it's"], 'f00', true);
    expect(line).toBe(
      String.raw`exec sudo -n -- /bin/sh -c 'printf '\''%s\n'\'' "$0"; exec "$@"' lvs-ready-f00 cat 'it'\''s'`,
    );
  });

  it('never carries the password', () => {
    const line = becomeLine({ ...host, becomePassword: 'hunter2' }, ['cat'], 'f00', true);
    expect(line).not.toContain('hunter2');
    expect(line).toContain('sudo -S -p lvs-password-f00 -- ');
  });

  it('lets a shell announce itself', () => {
    expect(shellLine(host)).toBe('exec sudo -n -- /bin/sh');
    expect(announcement('f00')).toBe('echo lvs-ready-f00\n');
  });

  it('leaves sudo out when it is not wanted', () => {
    expect(becomeLine(host, ['cat'], 'f00', false)).not.toContain('sudo');
    expect(becomeLine({ ...host, become: 'none' }, ['cat'], 'f00', true)).not.toContain('sudo');
    expect(becomeLine({ ...host, become: 'doas' }, ['cat'], 'f00', true)).toContain('doas -n -- ');
  });
});
