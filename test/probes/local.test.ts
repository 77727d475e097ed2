/** Checks that look at the director itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CheckConfig } from '../../src/config/service.ts';
import { FakePeerSockets } from '../../src/kernel/fake-peer-sockets.ts';
import { FakeStreams } from '../../src/kernel/fake-streams.ts';
import { probeMaker } from '../../src/probes/probe.ts';
import type { RunScript, ScriptEnd } from '../../src/probes/script.ts';
import { checkOf, specOf } from './spec.ts';

const ask = (check: CheckConfig, runScript: RunScript) =>
  probeMaker({ sockets: new FakePeerSockets(), streams: new FakeStreams(), runScript })(specOf(check, 0, '192.0.2.21'))(
    new AbortController().signal,
  );

describe('script', () => {
  const check = (setsWeight: boolean) =>
    checkOf({ kind: 'script', run: ['/bin/check', '-v'], user: 'nobody', setsWeight });
  const ended = (exitCode: number | null): RunScript => {
    const end: ScriptEnd = { exitCode, problem: exitCode === 0 ? undefined : `/bin/check ended with ${exitCode}` };
    return () => Promise.resolve(end);
  };

  it.each<[number | null, boolean, object]>([
    [0, false, { ok: true }],
    [1, false, { ok: false, error: '/bin/check ended with 1' }],
    [2, false, { ok: false, error: '/bin/check ended with 2' }],
    [255, false, { ok: false }],
    [null, false, { ok: false }],
    [0, true, { ok: true }],
    [1, true, { ok: false, error: '/bin/check ended with 1' }],
    [2, true, { ok: true, weight: 0 }],
    [3, true, { ok: true, weight: 1 }],
    [255, true, { ok: true, weight: 253 }],
    [null, true, { ok: false }],
  ])('that ends with %j, its weight counting: %j, is %j', async (exitCode, setsWeight, result) => {
    expect(await ask(check(setsWeight), ended(exitCode))).toMatchObject(result);
  });

  it('wants no weight with 0', async () => {
    expect(await ask(check(true), ended(0))).not.toHaveProperty('weight');
  });

  it('is run as its user, with its timeout, and told whom it is about', async () => {
    const seen: unknown[] = [];
    await ask(check(false), (script) => {
      seen.push(script);
      return Promise.resolve({ exitCode: 0, problem: undefined });
    });
    expect(seen).toEqual([
      { run: ['/bin/check', '-v'], user: 'nobody', timeoutMs: 2_000, environment: { LVS_ADDRESS: '192.0.2.21' } },
    ]);
  });
});

describe('file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'file-check-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'up');
  const look = (one: string) => ask(checkOf({ kind: 'file', path: one }), () => Promise.reject(new Error('not asked')));

  it('is up while it is there', async () => {
    expect(await look(path)).toMatchObject({ ok: false, error: `${path} is not there` });
    writeFileSync(path, '');
    expect(await look(path)).toMatchObject({ ok: true });
    rmSync(path);
    expect(await look(path)).toMatchObject({ ok: false });
  });

  it('is down where it cannot be looked at', async () => {
    expect(await look(`${folder}/none/up`)).toMatchObject({ ok: false, error: `${folder}/none/up is not there` });
    const long = `${folder}/${'x'.repeat(300)}`;
    expect(await look(long)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/ cannot be looked at: ENAMETOO/),
    });
  });

  it('is looked at by many at once', async () => {
    writeFileSync(path, '');
    const results = await Promise.all(Array.from({ length: 50 }, () => look(path)));
    expect(results.every(({ ok }) => ok)).toBe(true);
  });
});
