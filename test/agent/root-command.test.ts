/** What root is asked to run lies in folders of a test: each row makes one thing changeable for others. */
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unsafeAsRoot } from '../../src/agent/root-command.ts';

const NOBODY = 65_534;
let folder: string;
let script: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'root-command-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'bin'), { mode: 0o755 });
  script = join(folder, 'bin', 'check');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const refusal = (program: string, culprit: string): string =>
  `${program} is not run as root: others than root can change ${culprit}`;
const link = (name: string, target: string): string => {
  symlinkSync(target, join(folder, name));
  return join(folder, name);
};

describe.runIf(process.getuid?.() === 0)('as root', () => {
  it('runs what only root can change, in a sticky folder too, and through links', () => {
    expect(unsafeAsRoot([script])).toBeUndefined();
    expect(unsafeAsRoot(['/bin/sh'])).toBeUndefined();
    expect(unsafeAsRoot([link('one', 'bin/check')])).toBeUndefined();
    expect(unsafeAsRoot([link('two', `${folder}/bin/../bin/./check`)])).toBeUndefined();
    expect(unsafeAsRoot([join(link('three', 'bin'), 'check')])).toBeUndefined();
  });

  it.each<[string, () => [program: string, culprit: string]]>([
    ['the file is for others to write', () => [chmodded(script, 0o757), script]],
    ['the file is for its group to write', () => [chmodded(script, 0o775), script]],
    ['the file is of another user', () => [owned(script), script]],
    ['its folder is for others to write', () => [chmodded(join(folder, 'bin'), 0o777) && script, join(folder, 'bin')]],
    ['a folder further up is', () => [chmodded(folder, 0o777) && script, folder]],
    ['a folder is of another user', () => [owned(join(folder, 'bin')) && script, join(folder, 'bin')]],
    [
      'a link leads to such a file',
      () => {
        chmodSync(script, 0o777);
        return [link('to', 'bin/check'), script];
      },
    ],
    [
      'a link leads through such a folder',
      () => {
        mkdirSync(join(folder, 'open'));
        chmodSync(join(folder, 'open'), 0o777);
        return [link('through', 'open/../bin/check'), join(folder, 'open')];
      },
    ],
    [
      'the link itself is of another user, where it cannot be replaced',
      () => {
        const path = link('foreign', 'bin/check');
        lchownSync(path, NOBODY, NOBODY);
        return [path, path];
      },
    ],
    [
      'the link stands in such a folder',
      () => {
        mkdirSync(join(folder, 'open'));
        symlinkSync(script, join(folder, 'open', 'check'));
        chmodSync(join(folder, 'open'), 0o777);
        return [join(folder, 'open', 'check'), join(folder, 'open')];
      },
    ],
  ])('refuses when %s', (_name, make) => {
    const [program, culprit] = make();
    expect(unsafeAsRoot([program])).toBe(refusal(program, culprit));
  });

  it('looks at the script of an interpreter, and not at data', () => {
    chmodSync(script, 0o777);
    expect(unsafeAsRoot(['/bin/sh', '-e', script])).toBe(refusal(script, script));
    expect(unsafeAsRoot(['/usr/bin/python3.11', script])).toMatch(
      /python3\.11 could not be started|is not run as root/,
    );
    expect(unsafeAsRoot(['/bin/cat', script])).toBeUndefined();
    expect(unsafeAsRoot(['/bin/sh', '-c', 'true'])).toBeUndefined();
  });

  it('says what is not there, and gives up on links in a circle', () => {
    expect(unsafeAsRoot([join(folder, 'none')])).toMatch(/none could not be started: ENOENT/);
    const circle = link('circle', 'circle');
    expect(unsafeAsRoot([circle])).toBe(`${circle} could not be started: ${circle} leads through too many links`);
  });
});

function chmodded(path: string, mode: number): string {
  chmodSync(path, mode);
  return path;
}

function owned(path: string): string {
  chownSync(path, NOBODY, NOBODY);
  return path;
}
