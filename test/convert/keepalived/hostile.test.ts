/** Whatever the text is, there comes a topology that validates or the lines that are wrong: never a throw. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { loadTopology } from '../../../src/config/load.ts';
import { importKeepalived } from '../../../src/convert/keepalived/import.ts';

const TEXTS = globSync('cases/*/*.conf', { cwd: import.meta.dirname })
  .sort()
  .map((path) => readFileSync(resolve(import.meta.dirname, path), 'utf8'));

const SPLINTERS = [
  ...[
    '{',
    '}',
    '"',
    "'",
    '\\',
    '\n',
    '\\\n',
    '#',
    '!',
    '@a ',
    '$A=',
    '${_X}',
    '~LST(a,b) ',
    'include x\n',
    '\0',
    '\u2028',
  ],
  ...[
    '-1',
    '0',
    '99999999999999999999',
    '1e9',
    '0.0000001',
    '255',
    '256',
    'NaN',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    'fe80::1',
    '10.0.0.0/0',
    '10.0.0.1-',
    '10.0.0.1-10.0.255.1',
    'fwmark',
    'group',
    'weight',
    ': ',
    '&a',
    '*a',
    '%',
    'no',
  ],
];

const mutated = fc
  .tuple(
    fc.constantFrom(...TEXTS),
    fc.array(fc.tuple(fc.nat(), fc.nat(30), fc.constantFrom(...SPLINTERS)), { minLength: 1, maxLength: 8 }),
  )
  .map(([text, cuts]) =>
    cuts.reduce((now, [at, length, splinter]) => {
      const from = at % (now.length + 1);
      return now.slice(0, from) + splinter + now.slice(from + length);
    }, text),
  );

function holds(text: string): void {
  const { topology, notes } = importKeepalived({
    files: [{ director: null, file: { name: 'k.conf', text } }],
    include: () => [],
    addresses: [],
    names: new Map(),
    cluster: null,
  });
  if (topology === null) expect(notes.some(({ kind }) => kind === 'wrong')).toBe(true);
  else expect(loadTopology(topology.text, 't')).toMatchObject({ unsupported: [] });
  for (const { at, what, why } of notes) {
    expect(at.line).toBeGreaterThan(0);
    expect(what.length).toBeLessThan(90);
    expect(why).not.toBe('');
  }
}

describe('importKeepalived', () => {
  it('holds for whatever is done to a file that is right', { timeout: 900_000 }, () => {
    fc.assert(fc.property(mutated, holds), { numRuns: inject('soak') ? 20_000 : 150, seed: inject('seed') });
  });

  it('holds for any text', { timeout: 900_000 }, () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), holds), {
      numRuns: inject('soak') ? 20_000 : 150,
      seed: inject('seed'),
    });
  });

  it.each([
    ['blocks within blocks', 'a {\n'.repeat(2_000)],
    ['a line without an end', 'a '.repeat(500_000)],
    ['backslashes', 'a \\\n'.repeat(50_000)],
    ['quotes', '"'.repeat(60_000)],
    ['ends of blocks', '}\n'.repeat(2_000)],
  ])('bears %s', (_name, text) => holds(text));
});
