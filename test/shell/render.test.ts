import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/shell/command.ts';
import { changedFolder, renderForPeople, renderForWire, UnsendableError } from '../../src/shell/render.ts';

const CASES: readonly (readonly [string, Command, string, string])[] = [
  [
    'a program',
    { kind: 'run', argv: ['ip', 'addr', 'add', '10.0.0.1/32'] },
    'ip addr add 10.0.0.1/32 || return\n',
    'ip addr add 10.0.0.1/32',
  ],
  [
    'exit codes that are no failure',
    { kind: 'run', argv: ['grep', 'x y'], ok: [0, 1] },
    "grep 'x y' || lvs_ok 0 1 || return\n",
    "grep 'x y'",
  ],
  [
    'input',
    { kind: 'run', argv: ['cat'], stdin: 'a\n' },
    "cat <<'LVS_END_0' || return\na\nLVS_END_0\n",
    'cat < 2 bytes',
  ],
  [
    'input with the delimiter in it',
    { kind: 'run', argv: ['cat'], stdin: 'LVS_END_0\n' },
    "cat <<'LVS_END_1' || return\nLVS_END_0\nLVS_END_1\n",
    'cat < 10 bytes',
  ],
  [
    'input without a newline',
    { kind: 'run', argv: ['cat'], stdin: "it's" },
    "printf %s 'it'\\''s' | cat || return\n",
    'cat < 4 bytes',
  ],
  ['empty input', { kind: 'run', argv: ['cat'], stdin: '' }, 'cat </dev/null || return\n', 'cat < 0 bytes'],
  [
    'secret input',
    { kind: 'run', argv: ['chpasswd'], stdin: { secret: 'u:p\n' } },
    "chpasswd <<'LVS_END_0' || return\nu:p\nLVS_END_0\n",
    'chpasswd < ***',
  ],
  [
    'a file',
    { kind: 'write', path: '/etc/a/b.conf', content: 'x\n', mode: 0o644 },
    "lvs_write /etc/a/b.conf /etc/a/.b.conf.lvsctl-new /etc/a 0022 '' 'x\n' || return\n",
    'write /etc/a/b.conf (mode 0644, 2 bytes)',
  ],
  [
    'a program file with a secret',
    { kind: 'write', path: '/run.sh', content: { secret: 's' }, mode: 0o750 },
    'lvs_write /run.sh /.run.sh.lvsctl-new / 0026 0750 s || return\n',
    'write /run.sh (mode 0750, ***)',
  ],
  ['a removal', { kind: 'remove', path: '/etc/x' }, 'lvs_remove /etc/x || return\n', 'rm -f /etc/x'],
  [
    'a link',
    { kind: 'link', path: '/opt/a/current', target: 'releases/1' },
    'lvs_link /opt/a/current /opt/a/.current.lvsctl-new /opt/a releases/1 || return\n',
    'ln -s releases/1 /opt/a/current',
  ],
];

describe('render', () => {
  it.each(CASES)('%s', (_what, command, wire, people) => {
    expect(renderForWire(command)).toBe(wire);
    expect(renderForPeople(command)).toBe(people);
  });

  it.each([
    ['a secret in argv', { kind: 'run', argv: ['mysql', { secret: 'hunter2' }] }],
    ['no program', { kind: 'run', argv: [] }],
    ['a relative path', { kind: 'write', path: 'etc/x', content: '', mode: 0o600 }],
    ['a folder', { kind: 'remove', path: '/etc/' }],
  ] as const)('refuses %s', (_what, command) => {
    expect(() => renderForWire(command)).toThrow(UnsendableError);
  });

  it('shows no secret and no control character to people', () => {
    expect(renderForPeople({ kind: 'run', argv: ['x', { secret: 'hunter2' }] })).toBe('x ***');
    expect(renderForPeople({ kind: 'run', argv: ['x', 'a\x1b[2Jb'] })).toBe(String.raw`x 'a\x1b[2Jb'`);
  });

  it('knows the folder whose entries change', () => {
    expect(changedFolder({ kind: 'link', path: '/a/b', target: 'c' })).toBe('/a');
    expect(changedFolder({ kind: 'remove', path: '/a' })).toBe('/');
    expect(changedFolder({ kind: 'run', argv: ['true'] })).toBeUndefined();
  });
});
