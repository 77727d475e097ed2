import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allKeys } from '../../src/config/explain.ts';
import { loadTopology } from '../../src/config/load.ts';
import { UNSUPPORTED_PATHS } from '../../src/config/unsupported.ts';

const FULL = resolve(import.meta.dirname, '../../inventory/topologies/full.yaml');

function refused(text: string): string[] {
  const loaded = loadTopology(text, 't');
  if ('problems' in loaded) throw new Error(loaded.problems[0]?.message);
  return loaded.unsupported.map(({ line, column, path }) => `${line}:${column} ${path}`);
}

describe('keys that are not acted upon yet', () => {
  it('every row names a key of the schema', () => {
    const known = new Set(allKeys().flatMap(({ paths }) => paths));
    expect(UNSUPPORTED_PATHS.filter((path) => !known.has(path.replace(/\.\*$/, '')))).toEqual([]);
  });

  it('some are met in full.yaml', () => {
    expect(refused(readFileSync(FULL, 'utf8')).length).toBeGreaterThan(0);
  });

  it('are refused where they stand, and only they', () => {
    const text = `cluster: a
firewall: manage
directors: { lb1: { dip: { eth1: 10.0.0.1 }, vips: [10.0.0.9] } }
realservers: { web1: { rip: 10.0.0.2, gateway: { via: 10.0.0.9, scope: rip } }, web2: { rip: 10.0.0.3, gateway: { via: 10.0.0.9, scope: host } } }
services:
  http:
    listen: 10.0.0.9:80
    mode: nat
    realservers: [web1, web2]
    checks: [ping]
`;
    expect(refused(text)).toEqual(['2:1 firewall', '4:130 realservers.web2.gateway.scope']);
  });
});
