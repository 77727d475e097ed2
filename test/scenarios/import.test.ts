/** import as a whole program: the topology on stdout, the rest on stderr, and the exit code. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lvsctlIn, ROOT } from './lvsctl.ts';

const CASES = resolve(ROOT, 'test/convert/keepalived/cases');
const FOLDER = mkdtempSync(join(tmpdir(), 'lvsctl-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const lvsctl = lvsctlIn(FOLDER);

describe('lvsctl import', () => {
  it('writes a topology that validate accepts, and ends 0 when all is carried', async () => {
    const pair = ['lb1.conf', 'lb2.conf'].map((name) => resolve(CASES, 'pair', name));
    const { exitCode, stdout, stderr } = await lvsctl(
      'import',
      ...pair,
      '--name',
      '10.77.1.21=web1',
      '--cluster',
      'shop',
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^To decide:\n {2}.*lb1\.conf:18: auth_pass: set VRRP_PASS_SHOP to it/);
    writeFileSync(join(FOLDER, 'topology.yaml'), stdout);
    expect(await lvsctl('validate', 'topology.yaml')).toMatchObject({
      exitCode: 0,
      stdout: 'topology.yaml is valid: 2 directors, 2 realservers, 1 VRRP instance, 1 service',
    });
  });

  it('ends 2 when something is lost, and names it; --json has it as data', async () => {
    const files = ['one=lb1.conf', 'two=lb2.conf'].map((word) => word.replace('=', `=${resolve(CASES, 'much')}/`));
    const { exitCode, stderr } = await lvsctl('import', ...files);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /Not carried over:\n(?: {2}.*\n)* {2}.*lb1\.conf:7: unheard_of 1: lvsctl has nothing like it\n/,
    );
    const { notes, topology } = JSON.parse((await lvsctl('import', ...files, '--json')).stdout);
    expect(notes).toContainEqual(expect.objectContaining({ kind: 'lost', what: 'unheard_of 1' }));
    expect(topology).toContain('one: { dip:');
  });

  it('reads included files beside the including one', async () => {
    mkdirSync(join(FOLDER, 'conf.d'));
    writeFileSync(join(FOLDER, 'lb1.conf'), 'include conf.d/*.conf\n');
    const instance = 'interface eth0\nvirtual_router_id 7\nmcast_src_ip 10.0.0.1\nvirtual_ipaddress { 10.0.0.9 }';
    writeFileSync(join(FOLDER, 'conf.d/a.conf'), `vrrp_instance A {\n${instance}\n}\n`);
    expect((await lvsctl('import', 'lb1.conf')).stdout).toContain('vrid: 7');
  });

  it('tells why nothing is left, and obeys no escape sequence of the file', async () => {
    writeFileSync(
      join(FOLDER, 'odd.conf'),
      'vrrp_instance A {\n bad \x1b[31mred\n virtual_ipaddress { x }\n}\nx "\x1b[2J\n',
    );
    const { exitCode, stderr } = await lvsctl('import', 'odd.conf');
    expect(exitCode).toBe(5);
    expect(stderr).not.toContain('\x1b');
    writeFileSync(
      join(FOLDER, 'odd.conf'),
      'vrrp_instance A {\n interface "eth0; rm"\n virtual_router_id 5\n virtual_ipaddress { 10.0.0.9 }\n}\n',
    );
    const nothing = await lvsctl('import', 'odd.conf');
    expect(nothing).toMatchObject({ exitCode: 5, stdout: '' });
    expect(nothing.stderr).toContain('odd.conf:1: directors.odd.dip.eth0; rm');
  });

  it('reads no device that a file includes', async () => {
    writeFileSync(join(FOLDER, 'odd.conf'), 'include /dev/zero\n');
    const { exitCode, stderr } = await lvsctl('import', 'odd.conf');
    expect(exitCode).toBe(5);
    expect(stderr).toContain('odd.conf:1: include /dev/zero: /dev/zero is no regular file');
  });

  it.each([
    [['none.conf'], 'error: none.conf cannot be read: there is no such file'],
    [['x', '--dip', 'lb1=1'], "error: --dip 'lb1=1' is not understood"],
    [['x', '--name', 'web1=10.0.0.1'], "error: --name 'web1=10.0.0.1' is not understood"],
  ])('%j ends 5', async (args, error) => {
    writeFileSync(join(FOLDER, 'x'), '');
    const { exitCode, stderr, stdout } = await lvsctl('import', ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(error);
  });
});
