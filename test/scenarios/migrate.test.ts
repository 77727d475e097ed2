/** migrate as a whole program, as far as it goes without a host. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lvsctlIn, ROOT } from './lvsctl.ts';

const DR = resolve(ROOT, 'inventory/topologies/dr.yaml');

const lvsctl = lvsctlIn('/');

describe('lvsctl migrate', () => {
  it('explains itself with examples', async () => {
    const { stdout, exitCode } = await lvsctl('migrate', '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('lvsctl migrate lb2 --back');
  });

  it.each([
    [['migrate', 'lb9', '-t', DR], 'error: the topology has no director lb9\n  it has lb1, lb2'],
    [['migrate', 'web1', '-t', DR], 'error: the topology has no director web1\n  it has lb1, lb2'],
    [['migrate', '-t', DR], "error: missing required argument 'director'"],
    [['migrate', 'lb1'], 'error: the topology topology.yaml cannot be read: there is no such file'],
  ])('%j ends 5', async (args, error) => {
    const { exitCode, stderr, stdout } = await lvsctl(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toContain(error);
  });
});
