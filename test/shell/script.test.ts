import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PRELUDE } from '../../src/shell/prelude.ts';
import { scriptText } from '../../src/shell/script.ts';
import type { ScriptResult, Step } from '../../src/shell/step.ts';
import { Transcript } from '../../src/shell/transcript.ts';

const NONCE = 'a'.repeat(32);

function perform(shell: string, steps: readonly Step[]): ScriptResult & { readonly done: boolean } {
  const [program = '', ...args] = shell.split(' ');
  const { stdout, stderr } = spawnSync(program, args, { input: PRELUDE + scriptText(steps, NONCE) });
  const transcript = new Transcript(steps, NONCE);
  transcript.push('stdout', stdout);
  transcript.push('stderr', stderr);
  return { ...transcript.result(), done: transcript.done };
}

/** busybox where it is installed: realservers may have nothing else. */
const SHELLS = ['dash', 'bash', 'busybox sh'].filter(
  (shell) => spawnSync(shell.split(' ')[0] ?? '', ['--help']).error === undefined,
);

describe.each(SHELLS)('a script in %s', (shell) => {
  it('tells which command of a step failed', () => {
    const { failed, done } = perform(shell, [
      {
        name: 'three',
        commands: [
          { kind: 'run', argv: ['true'] },
          { kind: 'run', argv: ['sh', '-c', 'exit 3'], ok: [0, 3] },
          { kind: 'run', argv: ['cat', '/no such file'] },
          { kind: 'run', argv: ['echo', 'never'] },
        ],
      },
    ]);
    expect(failed).toMatchObject({ name: 'three', failedCommand: 2, exitCode: 1, stdout: '' });
    expect(failed?.stderr).toContain('/no such file');
    expect(done).toBe(true);
  });

  it('takes a program that is not there as a failure of its step', () => {
    const { failed } = perform(shell, [{ name: 'x', commands: [{ kind: 'run', argv: ['no-such-program-at-all'] }] }]);
    expect(failed).toMatchObject({ exitCode: 127, failedCommand: 0 });
  });

  it('is not ended by an isolated step that exits, nor changed by it', () => {
    const { steps } = perform(shell, [
      { name: 'leaves', text: 'cd /tmp; PATH=; exit 0', isolated: true },
      { name: 'after', text: 'pwd; [ -n "$PATH" ] && echo path' },
    ]);
    expect(steps[1]?.stdout).toBe('/\npath\n');
  });

  it('cannot be faked by what a step prints', () => {
    const { steps } = perform(shell, [
      {
        name: 'liar',
        text: `printf '\\036${'b'.repeat(32)} E 0 9 -\\n'; printf '\\036%s E 0 9 -\\n' "\${lvs_nonce#?}"`,
      },
      { name: 'after', text: ':' },
    ]);
    expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  });

  it('leaves files, links and folders as asked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lvsctl-script-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'taken'));
    symlinkSync('/etc/passwd', join(folder, '.file.lvsctl-new'));
    const { failed } = perform(shell, [
      {
        name: 'files',
        commands: [
          { kind: 'write', path: join(folder, 'file'), content: 'content', mode: 0o644 },
          { kind: 'link', path: join(folder, 'link'), target: folder },
          { kind: 'link', path: join(folder, 'link'), target: '/usr' },
          { kind: 'remove', path: join(folder, 'link') },
          { kind: 'link', path: join(folder, 'link'), target: '/' },
          { kind: 'write', path: join(folder, 'taken'), content: 'content', mode: 0o644 },
        ],
      },
    ]);
    expect(failed).toMatchObject({ failedCommand: 5, stderr: `${join(folder, 'taken')}: is a folder\n` });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('content');
    expect(readlinkSync(join(folder, 'link'))).toBe('/');
    expect(readdirSync(folder).sort()).toEqual(['file', 'link', 'taken']);
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  });

  it('has an empty step', () => {
    expect(perform(shell, [{ name: 'nothing', commands: [] }])).toMatchObject({ failed: null, done: true });
    expect(perform(shell, [])).toMatchObject({ steps: [], failed: null, done: true });
  });
});

describe('a script that is cut off on its way', () => {
  it.each(['dash', 'bash'])('is not begun by %s, wherever it is cut', (shell) => {
    const text = scriptText([{ name: 'marks', text: 'echo RAN' }], NONCE);
    for (const cut of [text.length - 2, text.length - 10, Math.floor(text.length / 2), 20]) {
      const { stdout } = spawnSync(shell, { input: PRELUDE + text.slice(0, cut), encoding: 'utf8' });
      expect(stdout).toBe('');
    }
  });
});

describe('scriptText', () => {
  it('refuses a nonce that could be guessed or would break a frame', () => {
    expect(() => scriptText([], 'short')).toThrow(RangeError);
  });

  it('syncs each changed folder once, and nothing when no file changed', () => {
    const write = (path: string): Step => ({
      name: path,
      commands: [{ kind: 'write', path, content: '', mode: 0o644 }],
    });
    const text = scriptText([write('/etc/a'), write('/etc/b'), write('/opt/my x/c')], NONCE);
    expect(text).toContain("\nsync /etc '/opt/my x' 2>/dev/null\n");
    expect(scriptText([{ name: 'x', text: ':' }], NONCE)).not.toContain('sync');
  });
});
