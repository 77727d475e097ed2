import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readDocument } from '../../src/config/document.ts';
import { allKeys, explainKey } from '../../src/config/explain.ts';
import { topologyJsonSchema } from '../../src/config/json-schema.ts';
import type { Finding } from '../../src/config/problem.ts';
import type { Raw } from '../../src/config/raw.ts';
import { topology } from '../../src/config/schema/topology.ts';
import type { Shape } from '../../src/config/shape/shape.ts';
import { casesIn } from './cases.ts';
import { fits } from './json-schema-validator.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FULL = readFileSync(resolve(ROOT, 'inventory/topologies/full.yaml'), 'utf8');

/** `vrrp.public.vips[0].label` as steps, without the indexes. */
function pathsIn(raw: Raw, steps: readonly string[] = []): string[][] {
  const here = [...steps];
  if (raw.kind === 'scalar') return [here];
  if (raw.kind === 'list') return [here, ...raw.items.flatMap((item) => pathsIn(item, steps))];
  return [here, ...[...raw.entries].flatMap(([key, child]) => pathsIn(child, [...steps, key]))];
}

function isAt(pattern: string, steps: readonly string[]): boolean {
  const wanted = pattern.split('.');
  return wanted.length === steps.length && wanted.every((step, index) => step === '*' || step === steps[index]);
}

describe('the schema and full.yaml', () => {
  const { root } = readDocument(FULL);
  if (root === null) throw new Error('full.yaml cannot be read');
  const paths = pathsIn(root);

  it('every key of the schema stands in full.yaml', () => {
    const missing = allKeys().filter((key) => !key.paths.some((path) => paths.some((steps) => isAt(path, steps))));
    // Some keys stand there under another one: `port` of a check is short for `connect: { port }`, the timing of checks
    // stands in check_defaults, and the kind `ping` as the bare word.
    const names = new Set([...paths.map((steps) => steps.at(-1)), 'ping']);
    const last = (path = ''): string | undefined => path.split('.').at(-1);
    expect(missing.filter((key) => !names.has(last(key.paths[0]))).map((key) => key.paths)).toEqual([]);
    expect(FULL).toMatch(/^ *- ping$/m);
  });

  it('every key of full.yaml is in the schema', () => {
    const findings: Finding[] = [];
    expect(topology.parse(root, findings)).toBeDefined();
    expect(findings).toEqual([]);
  });
});

describe('explanations', () => {
  const keys = allKeys();

  it('cover more than a hundred keys', () => expect(keys.length).toBeGreaterThan(150));

  it.each(keys.map((key) => [key.paths[0] ?? '', key] as const))('%s has all its parts', (_path, key) => {
    expect(key.meaning).toMatch(/\S.*[.…]$/);
    expect(key.expected).not.toBe('');
    expect(key.example).not.toBe('');
    expect(key.required).toBe(key.default === null);
  });

  it.each(keys.map((key) => [key.paths[0] ?? '', key] as const))('the example of %s is right', (path, key) => {
    const findings: Finding[] = [];
    const { root, findings: syntax } = readDocument(key.example);
    expect(syntax).toEqual([]);
    if (root === null) throw new Error(`the example of ${path} is empty`);
    shapeAt(topology, path.split('.')).parse(root, findings);
    expect(findings).toEqual([]);
  });

  /** The shape of a key by its path, through lists and spellings. */
  function shapeAt(shape: Shape<unknown>, steps: readonly string[]): Shape<unknown> {
    const found = search(shape, steps);
    if (found === undefined) throw new Error(`no shape at ${steps.join('.')}`);
    return found;
  }

  function search(shape: Shape<unknown>, steps: readonly string[]): Shape<unknown> | undefined {
    const [step, ...rest] = steps;
    if (step === undefined) return shape;
    for (const below of shape.below) {
      const found =
        below.step === '' ? search(below.shape, steps) : below.step === step ? search(below.shape, rest) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  it.each([
    ['vrrp.public.advert_interval', ['vrrp.*.advert_interval']],
    ['vrrp.*.advert_interval', ['vrrp.*.advert_interval']],
    ['vrrp.advert_interval', ['vrrp.*.advert_interval']],
    ['advert_interval', ['vrrp.*.advert_interval']],
    ['services.http.realservers[0].weight', ['services.*.realservers.weight']],
    ['garp.refresh', ['vrrp.*.garp.refresh']],
    ['services', ['services']],
    ['vips', ['directors.*.vips', 'vrrp.*.vips']],
  ])('%s finds %j', (key, paths) => {
    expect(explainKey(key).found.map((doc) => doc.paths[0])).toEqual(paths);
  });

  it('a misspelt key gets a suggestion', () => {
    expect(explainKey('advert_intervall')).toEqual({ found: [], suggestion: 'advert_interval' });
    expect(explainKey('')).toMatchObject({ found: [] });
    expect(explainKey('constructor')).toMatchObject({ found: [] });
  });
});

describe('the JSON Schema', () => {
  const schema = topologyJsonSchema();

  it('is of draft 2020-12 and plain JSON', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  it.each(globSync('inventory/topologies/*.yaml', { cwd: ROOT }).sort())('accepts %s', (path) => {
    expect(fits(parse(readFileSync(resolve(ROOT, path), 'utf8')), schema)).toEqual([]);
  });

  it('refuses what is plainly wrong', () => {
    const good = { cluster: 'a', directors: { lb1: { dip: { eth1: '10.0.0.1' } } } };
    expect(fits(good, schema)).toEqual([]);
    expect(fits({ ...good, clutser: 'b' }, schema)).not.toEqual([]);
    expect(fits({ directors: good.directors }, schema)).not.toEqual([]);
    expect(fits({ ...good, check_defaults: { interval: 5 } }, schema)).not.toEqual([]);
    expect(fits({ ...good, firewall: 'mange' }, schema)).not.toEqual([]);
  });

  it('accepts what validate accepts', () => {
    const valid = casesIn('cases/*.yaml', import.meta.dirname).filter(({ expected }) =>
      expected.every((line) => line.includes(': warning: ')),
    );
    expect(valid.length).toBeGreaterThan(3);
    for (const { text } of valid) expect(fits(parse(text, { merge: true }), schema)).toEqual([]);
  });
});
