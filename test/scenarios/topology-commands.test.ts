/** validate, schema, explain and init as whole programs: what goes to stdout, what to stderr, and the exit code. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lvsctlIn, ROOT } from './lvsctl.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'lvsctl-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const lvsctl = lvsctlIn(FOLDER);

const BAD = join(FOLDER, 'bad.yaml');
writeFileSync(BAD, 'cluster: a\ndirectors: { lb1: { dip: { eth1: 10.0.0.1 } } }\nvrpp: {}\nfirewall: "\u001b[31mx"\n');

describe('lvsctl validate', () => {
  it('says in one line what is valid, and ends 0', async () => {
    const topology = resolve(ROOT, 'inventory/topologies/dr.yaml');
    const result = await lvsctl('validate', topology);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toBe(`${topology} is valid: 2 directors, 2 realservers, 1 VRRP instance, 1 service`);
  });

  it('names what plan would refuse, and ends 0 all the same', async () => {
    const { exitCode, stderr, stdout } = await lvsctl(
      '-t',
      resolve(ROOT, 'inventory/topologies/full.yaml'),
      'validate',
    );
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/full\.yaml:\d+:\d+: warning: \S+: '.+' is not supported yet/);
    expect(stdout).toMatch(/plan and apply refuse \d+ keys not supported yet$/);
  });

  it('prints every problem on stderr, harmlessly, and ends 5', async () => {
    const { exitCode, stderr, stdout } = await lvsctl('validate', BAD);
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringContaining(`${BAD}:3:1: vrpp: unknown key 'vrpp' (expected one of cluster, `),
      expect.stringContaining(`${BAD}:4:11: firewall: '\\x1b[31mx' does not fit here`),
      `error: ${BAD} has 2 errors`,
    ]);
  });

  it('with --json prints one document', async () => {
    const { exitCode, stdout } = await lvsctl('validate', BAD, '--json');
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      problems: [
        { line: 3, column: 1, path: 'vrpp', suggestion: 'vrrp' },
        { line: 4, column: 11 },
      ],
    });
  });

  it.each([[['validate']], [['validate', 'nowhere.yaml']], [['validate', '/']]])(
    '%j ends 5 with a sentence',
    async (args) => {
      const { exitCode, stderr } = await lvsctl(...args);
      expect(exitCode).toBe(5);
      expect(stderr).toMatch(/^error: the topology .* cannot be read: (there is no such file|it is a directory)/);
    },
  );
});

describe('lvsctl explain', () => {
  it('prints meaning, default, reason and example', async () => {
    const { exitCode, stdout } = await lvsctl('explain', 'vrrp.preempt');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^vrrp\.\*\.preempt\n {2}Whether .*\n {2}expected .*\n {2}default +false\n {2}reason .*\n {2}example +preempt: true/,
    );
  });

  it('ends 5 with a suggestion for what is no key', async () => {
    expect(await lvsctl('explain', 'preemt')).toMatchObject({
      exitCode: 5,
      stdout: '',
      stderr: "error: the topology has no key 'preemt'\n  did you mean 'preempt'?",
    });
  });
});

describe('lvsctl schema', () => {
  it('prints JSON', async () => {
    const { exitCode, stdout } = await lvsctl('schema');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', required: ['cluster', 'directors'] });
  });
});

describe('lvsctl init', () => {
  it('writes a topology that validates, with an inventory for all its hosts, and never writes over it', async () => {
    expect((await lvsctl('init', 'new/cluster')).exitCode).toBe(0);
    const topology = join(FOLDER, 'new/cluster/topology.yaml');
    expect(await lvsctl('validate', topology)).toMatchObject({ exitCode: 0, stderr: '' });
    const before = readFileSync(topology, 'utf8');
    const again = await lvsctl('init', 'new/cluster');
    expect(again).toMatchObject({ exitCode: 5, stdout: '' });
    expect(again.stderr).toMatch(/topology\.yaml is there already/);
    expect(readFileSync(topology, 'utf8')).toBe(before);
  });
});
