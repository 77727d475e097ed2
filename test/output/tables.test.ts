import { describe, expect, it } from 'vitest';
import { type ExitCode, exitCodeOf, type Outcome, outcomeOf } from '../../src/output/exit-code.ts';
import { type HostRecap, outcomeOfRecap, recapText } from '../../src/output/recap.ts';
import { styleFor } from '../../src/output/style.ts';
import { table } from '../../src/output/table.ts';

describe('the exit code of a run', () => {
  it.each<[readonly Outcome[], ExitCode]>([
    [[], 0],
    [['done'], 0],
    [['done', 'differences'], 2],
    [['differences', 'unreachable'], 4],
    [['unreachable', 'failed'], 2],
    [['failed', 'policy'], 3],
    [['policy', 'input'], 5],
    [['input', 'locked'], 6],
    [['locked', 'refused', 'done'], 7],
    [['refused', 'unexpected'], 1],
    [['interrupted', 'refused'], 130],
  ])('of %j is %i', (outcomes, code) => {
    expect(exitCodeOf(outcomes)).toBe(code);
    expect(exitCodeOf([...outcomes].reverse())).toBe(code);
  });

  it('knows what each code stands for', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 130].map((code) => outcomeOf(code as ExitCode))).toEqual([
      'done',
      'unexpected',
      'failed',
      'policy',
      'unreachable',
      'input',
      'locked',
      'refused',
      'interrupted',
    ]);
  });
});

describe('table', () => {
  it('has plain columns, numbers at the right, and nothing behind the last', () => {
    const rows = [
      ['NAME', 'CONNS', 'STATE'],
      ['web1', '7', 'up'],
      ['a long name', '1200', ''],
    ];
    expect(table(rows, { right: [1] })).toBe('NAME         CONNS  STATE\nweb1             7  up\na long name   1200');
  });

  it('gives colour no room', () => {
    const style = styleFor(true);
    expect(
      table([
        [style.good('up'), 'x'],
        ['down', 'y'],
      ]),
    ).toBe(`\x1b[32mup\x1b[39m    x\ndown  y`);
  });

  it('takes rows of different lengths', () => {
    expect(table([['a'], ['b', 'c'], []])).toBe('a\nb  c\n');
  });
});

describe('PLAY RECAP', () => {
  const recap = (host: string, counts: Partial<HostRecap>): HostRecap => ({
    host,
    ok: 0,
    changed: 0,
    unreachable: 0,
    failed: 0,
    skipped: 0,
    rescued: 0,
    ignored: 0,
    ...counts,
  });

  it('has the columns of Ansible', () => {
    const text = recapText([recap('h1', { ok: 3, changed: 1 }), recap('web10', { unreachable: 1 })], styleFor(false));
    const [title, first, second] = text.split('\n');
    expect(title).toMatch(/^PLAY RECAP \*{69}$/);
    // As ansible-playbook 2.14 prints it, blanks and all but those at the end.
    expect(first).toBe('h1    : ok=3    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0');
    expect(second?.replace(/ +/g, ' ')).toBe(
      'web10 : ok=0 changed=0 unreachable=1 failed=0 skipped=0 rescued=0 ignored=0',
    );
  });

  it('counts for the exit code', () => {
    expect(
      [recap('a', { failed: 1, unreachable: 1 }), recap('a', { unreachable: 1 }), recap('a', { changed: 2 })].map(
        outcomeOfRecap,
      ),
    ).toEqual(['failed', 'unreachable', 'done']);
  });
});
