/** The script parts, run for real by the shells of the hosts: dash, and bash as POSIX sh. They only read. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { managedFile } from '../../src/desired/managed.ts';
import { agentFact } from '../../src/facts/agent.ts';
import { filesFact } from '../../src/facts/files.ts';
import { firewallFact } from '../../src/facts/firewall.ts';
import { modulesFact } from '../../src/facts/modules.ts';
import { networkFact } from '../../src/facts/network.ts';
import { sysctlsFact } from '../../src/facts/sysctls.ts';
import { systemFact } from '../../src/facts/system.ts';
import { unitsFact } from '../../src/facts/units.ts';

const folder = mkdtempSync(join(tmpdir(), 'facts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SHELLS: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['-u']],
  ['bash', ['--posix', '-u']],
];

describe.each(SHELLS)('%s', (shell, options) => {
  const run = (script: string) =>
    execFileSync(shell, [...options, '-c', `f() {\n${script}\n}\nf </dev/null`], { encoding: 'utf8' });

  it('tells this machine', () => {
    const facts = systemFact.parse(run(systemFact.script({ release: 'none', scriptUser: 'root' })));
    expect(facts.kernel).toMatch(/^\d+\.\d+/);
    expect(facts.architecture).toBe(process.arch);
    expect(facts.scriptUser).toBe(true);
    expect(facts.glibc).toMatch(/^2\.\d+$/);
  });

  it('reads whole numbers below /proc/sys, and leaves out what is not there', () => {
    const keys = ['kernel.pid_max', 'net.ipv4.vs.no_such_key', 'kernel.ostype'];
    const facts = sysctlsFact.parse(run(sysctlsFact.script(keys)));
    expect(facts['kernel.ostype']).toBe('Linux');
    expect(Number(facts['kernel.pid_max'])).toBeGreaterThan(1000);
    expect(facts).not.toHaveProperty('net.ipv4.vs.no_such_key');
  });

  it('tells our files from others, with header, hash and records', () => {
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    const ours = managedFile(join(folder, 'ours'), 0o644, '#!/bin/sh\n#: vip lo 10.0.0.1/32\n', digest);
    const [other, missing] = [join(folder, 'other'), join(folder, 'missing')];
    writeFileSync(ours.path, ours.content);
    writeFileSync(other, 'text\n#: vip lo 10.0.0.2/32\n');
    const question = { paths: [ours.path, other, missing], headerMark: '# Managed by lvsctl', recordMark: '#:' };
    expect(filesFact.parse(run(filesFact.script(question)))).toEqual({
      files: {
        [ours.path]: { sha256: digest(ours.content), managed: digest('#!/bin/sh\n#: vip lo 10.0.0.1/32\n') },
        [other]: { sha256: digest('text\n#: vip lo 10.0.0.2/32\n'), managed: null },
      },
      records: ['vip lo 10.0.0.1/32'],
    });
  });

  it('reads the network, and asks for our table where a record says that there is one', () => {
    const record = join(folder, 'record');
    writeFileSync(record, '#: return 10.0.0.1 via 10.0.0.2\n');
    const question = {
      table: 19_542,
      tableWanted: false,
      tableRecord: { path: record, line: '#: return ' },
      destinations: [],
      interfaces: ['lo', 'none0'],
    };
    const facts = networkFact.parse(run(networkFact.script(question)));
    expect(facts.addresses).toContainEqual({ device: 'lo', address: '127.0.0.1', prefixLength: 8 });
    expect(facts.rules.map(({ table }) => table)).toContain('main');
    expect(facts.up).toEqual(['lo']);
    expect(networkFact.script(question)).toContain('route show table 19542');
  });

  it('tells whole releases by their stamps, of this version and the one before, from what a cut off upload left', () => {
    const root = join(folder, `agent-${shell}`);
    const release = (name: string, stamp: string | null) => {
      mkdirSync(join(root, 'releases', name), { recursive: true });
      if (stamp !== null) writeFileSync(join(root, 'releases', name, 'stamp'), stamp);
    };
    release('aa', 'aa\n11\n');
    release('bb', 'bb\n11\nb0\n');
    release('cc', null);
    mkdirSync(join(root, 'incoming'));
    symlinkSync(join(root, 'releases/bb'), join(root, 'current'));
    const facts = agentFact.parse(run(agentFact.script({ root, socket: root, command: '/bin/sh' })));
    expect(facts).toMatchObject({
      current: 'bb',
      releases: ['aa', 'bb'],
      nodes: { 11: 'bb' },
      vrrpParts: { bb: 'b0' },
    });
    expect(facts.leftovers).toEqual([join(root, 'releases/cc'), join(root, 'incoming')]);
  });

  it('ends well where there is nothing to be found', () => {
    const nowhere = join(folder, 'nowhere');
    expect(agentFact.parse(run(agentFact.script({ root: nowhere, socket: nowhere, command: nowhere }))).silence).toBe(
      'it is not running',
    );
    expect(modulesFact.parse(run(modulesFact.script(['no_such_module'])))).toEqual({ no_such_module: 'absent' });
    expect(unitsFact.parse(run(unitsFact.script([{ name: 'no-such.service', socket: nowhere }])))).toEqual({});
    expect(run(firewallFact.script(null))).toBeTypeOf('string');
  });
});
