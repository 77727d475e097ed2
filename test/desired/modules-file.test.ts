/** Which modules are loaded at boot: the required ones by systemd, those and the optional ones by the director's script. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { directorScriptBody } from '../../src/desired/director-script.ts';
import { PATHS } from '../../src/desired/managed.ts';
import { modulesFileBody } from '../../src/desired/modules-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'modules-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MODULES = [
  { name: 'ip_vs', required: true },
  { name: 'xt_mark', required: false },
];

describe('the file of modules', () => {
  it('keeps optional ones from systemd, to which a module that is not there is a failed unit', () => {
    const lines = modulesFileBody(MODULES).split('\n');
    expect(lines.filter((line) => line !== '' && !/^[#;]/.test(line))).toEqual(['ip_vs']);
    expect(modulesFileBody([])).toBe('');
  });

  it("is read whole by the director's script, in which an optional one that is not there is nothing", () => {
    const [file, log, modprobe] = ['lvsctl.conf', 'log', 'modprobe'].map((name) => join(folder, name)) as [string, string, string]; // biome-ignore format: short
    writeFileSync(file, `# Managed\n${modulesFileBody(MODULES)}`);
    writeFileSync(modprobe, `#!/bin/sh\necho "$@" >>${log}\n[ "$2" != xt_mark ]\n`);
    chmodSync(modprobe, 0o755);
    const body = directorScriptBody().replaceAll(PATHS.modules, file).replaceAll('/systemd-sysctl', '/none');
    execFileSync('sh', ['-c', body], { env: { PATH: `${folder}:${process.env['PATH']}` } });
    expect(readFileSync(log, 'utf8')).toBe('-q ip_vs\n-q xt_mark\n');
  });
});
