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

  it('every row but those of IPv6 is met in full.yaml', () => {
    expect(refused(readFileSync(FULL, 'utf8')).length).toBeGreaterThan(5);
  });

  it('are refused where they stand, and only they', () => {
    const text = `cluster: a
directors: { lb1: { dip: { eth1: [10.0.0.1, "2001:db8::2"] }, vips: [10.0.0.9, "2001:db8::9"] } }
realservers: { web1: { rip: 10.0.0.2, gateway: { via: 10.0.0.9, scope: rip } }, six: { rip: "2001:db8::1" } }
services:
  http:
    listen: [10.0.0.9:80, 10.0.0.9:81/sctp]
    mode: dr
    tunnel: { type: ipip }
    checks: [ping, { tcp: 80, via: rip }, { tcp: 80, via: vip }, { ping: true, mark: 7 }]
    slow_start: 5s
  six: { listen: "[2001:db8::9]:80", mode: dr }
`;
    expect(refused(text)).toEqual([
      '3:88 realservers.six.rip',
      '6:27 services.http.listen[1]',
      '11:10 services.six.listen',
    ]);
  });
});
