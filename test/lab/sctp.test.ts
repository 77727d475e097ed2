/** SCTP with real associations, in direct routing and in TUN, from a machine whose kernel has it: the client's may not. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lvsctl, sh, topology } from './cluster.ts';
import { eventually, labForTests } from './lab-for-tests.ts';

const lab = labForTests({ fresh: true });
const PORT = 9000;
const WEBS = ['web1', 'web2'] as const;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lvsctl-sctp-'));
  await Promise.all([...WEBS, 'web3' as const].map((web) => sh(lab(), web, 'modprobe sctp')));
  for (const web of WEBS) {
    await sh(lab(), web, `socat SCTP-LISTEN:${PORT},fork,reuseaddr SYSTEM:hostname </dev/null >/dev/null 2>&1 &`);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What one association after the other is told. */
async function answers(count: number): Promise<Record<string, number>> {
  const once = `timeout 5 socat -u SCTP-CONNECT:10.77.1.100:${PORT},connect-timeout=4 - 2>/dev/null || echo nobody`;
  const told = await sh(lab(), 'web3', `i=0; while [ $i -lt ${count} ]; do ${once}; i=$((i + 1)); done`);
  const names = told.trim().split('\n');
  return Object.fromEntries([...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]));
}

describe.each(['dr', 'tun'])('SCTP in %s', (mode) => {
  it('is balanced over realservers by turns', async () => {
    const path = join(folder, `${mode}.yaml`);
    const text = await readFile(topology('dr'), 'utf8');
    const service = `  sctp: { listen: 10.77.1.100:${PORT}/sctp, mode: ${mode}, scheduler: rr, checks: [ping] }\n`;
    await writeFile(path, text.slice(0, text.indexOf('  http:\n')) + service);
    const ran = await lvsctl(lab(), ['apply', path, '--yes']);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect((await lvsctl(lab(), ['plan', path])).exitCode).toBe(0);
    await eventually(
      () => answers(10),
      (got) => got['web1'] === 5 && got['web2'] === 5,
      60_000,
    );
    expect((await lvsctl(lab(), ['status', path])).stdout).toMatch(/^SCTP 10\.77\.1\.100:9000 rr$/m);
  });
});
