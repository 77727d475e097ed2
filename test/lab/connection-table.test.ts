/** The size of the connection table: asked for while IPVS runs with another one, told until a reboot, and there after it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reboot } from '../../vm-lab/faults.ts';
import { apply, lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests();
const WARNING = /IPVS runs with a connection table of 2\^12 buckets, and the topology asks for 2\^14/;
let folder = '';
let path = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-table-'));
  path = join(folder, 'table.yaml');
  await writeFile(path, `${await readFile(topology('dr'), 'utf8')}\nipvs: { connection_table_bits: 14 }\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function planned(): Promise<string> {
  const { stdout, stderr } = await lvsctl(lab(), ['plan', path]);
  return stdout + stderr;
}

describe('the connection table in the lab', () => {
  it('keeps its size while IPVS runs, and plan says so', async () => {
    await apply(lab(), 'dr');
    const ran = await lvsctl(lab(), ['apply', path, '--yes']);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    const text = await planned();
    expect(text).toContain('Nothing to change');
    expect(text).toMatch(new RegExp(`lb1.*${WARNING.source}`));
    expect(text).toMatch(new RegExp(`lb2.*${WARNING.source}`));
    expect(await sh(lab(), 'lb2', 'ipvsadm -Ln | head -1')).toContain('(size=4096)');
  });

  it('has the size that was asked for after a reboot', async () => {
    await reboot(lab(), 'lb2');
    const text = await eventually(planned, (told) => told.includes('Nothing to change'), 60_000);
    expect(text).not.toMatch(new RegExp(`lb2.*${WARNING.source}`));
    expect(await sh(lab(), 'lb2', 'ipvsadm -Ln | head -1')).toContain('(size=16384)');
  });

  it('is left to the kernel again', async () => {
    await apply(lab(), 'dr');
    expect(await sh(lab(), 'lb2', 'ls /etc/modprobe.d/lvsctl.conf 2>&1 || :')).toContain('No such file');
  });
});
