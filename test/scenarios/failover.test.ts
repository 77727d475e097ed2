/** failover as a whole program, as far as it goes without a host. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lvsctlIn, ROOT } from './lvsctl.ts';

const DR = resolve(ROOT, 'inventory/topologies/dr.yaml');
const TWO = resolve(ROOT, 'inventory/topologies/dual-master.yaml');
const NO_VRRP = resolve(ROOT, 'inventory/topologies/one-director.yaml');

const lvsctl = lvsctlIn('/');

describe('lvsctl failover', () => {
  it.each([
    [['-t', DR, '--to', 'lb9'], 'error: there is no director lb9\n  the topology has lb1, lb2'],
    [['-t', DR, '--to', ''], 'error: there is no director \n  the topology has lb1, lb2'],
    [['nobody', '-t', DR], 'error: there is no instance nobody\n  the topology has public'],
    [['-t', TWO], 'error: there are 2 roles that could move: say which\n  one of '],
    [['-t', NO_VRRP], 'error: the topology has no VRRP instance'],
    [['-t', DR, '--to', 'lb1', '--back'], 'error: --to and --back are two different wishes\n  say one of them'],
    [['-t', DR, '--timeout', '5'], 'error: --timeout 5: expected a duration such as 30s or 2m'],
    [['-t', DR, '--allow-loss', ''], 'error: --allow-loss : expected a number of connections'],
    [['-t', DR, '--allow-loss', '1e3'], 'error: --allow-loss 1e3: expected a number of connections'],
  ])('%j ends 5 without asking anybody', async (args, error) => {
    const { exitCode, stdout, stderr } = await lvsctl('failover', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toContain(error);
  });
});
