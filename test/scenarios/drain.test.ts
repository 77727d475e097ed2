/** drain and undrain as whole programs, as far as they go without a host. */
import { resolve } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const DR = resolve(ROOT, 'inventory/topologies/dr.yaml');

describe('what is not understood', () => {
  it.each([
    [
      ['drain', 'web11', '-t', DR],
      'error: there is no realserver or group web11; did you mean web1?\n  the topology has web1, web2',
    ],
    [['undrain', 'db*', '-t', DR], 'error: no realserver is called db*\n  the topology has web1, web2'],
    [['drain', 'web1', '--service', 'htp', '-t', DR], 'error: there is no service htp; did you mean http?'],
    [['drain', 'web1', '--for', '2', '-t', DR], 'error: --for 2: expected a duration such as 30s, 10m or 2h'],
    [['drain', 'web1', '--timeout', '0s', '-t', DR], 'error: --timeout 0s: expected a duration'],
    [['drain', 'web1', '--reason', 'x'.repeat(201), '-t', DR], 'error: --reason: expected 200 characters at most'],
    [['drain', '-t', DR], "missing required argument 'rs'"],
  ])('%j ends 5 without asking anybody', async (args, error) => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [resolve(ROOT, 'src/cli.ts'), ...args], {
      cwd: '/',
      reject: false,
      stdin: 'ignore',
      env: { NO_COLOR: '1', LVSCTL_TOPOLOGY: undefined },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toContain(error);
  });
});
