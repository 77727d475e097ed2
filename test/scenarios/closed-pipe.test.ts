/** lvsctl whose reader goes away before it has read everything, as `head` does. */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { ROOT } from './lvsctl.ts';

it.each(['--help', 'apply --help', 'validate --help', 'schema'])('%s ends in silence', async (words) => {
  const program = `"$1" "$2" ${words} | true`;
  const { stderr } = await execa('sh', ['-c', program, 'sh', process.execPath, resolve(ROOT, 'src/cli.ts')]);
  expect(stderr).toBe('');
});
