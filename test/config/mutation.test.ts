/** Whatever is done to a topology, there comes a Config or a list of problems: never a throw, never silence about where. */
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTopology } from '../../src/config/load.ts';
import { problemLine } from '../../src/config/problem.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXTS = globSync('inventory/topologies/*.yaml', { cwd: ROOT })
  .sort()
  .map((path) => readFileSync(resolve(ROOT, path), 'utf8'));

/** What breaks parsers: YAML's own signs, odd numbers, names of Object's properties, control characters. */
const SPLINTERS = [
  ...[
    '',
    ' ',
    '\n',
    '\t',
    ':',
    ': ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    '&a ',
    '*a',
    '<<: ',
    '!x ',
    '%',
    '|',
    '>',
    '?',
  ],
  ...[
    '~',
    'null',
    'true',
    'no',
    '0',
    '-1',
    '1e9',
    '.inf',
    '.nan',
    '0x10',
    '99999999999999999999',
    '1s',
    '5',
    '${env:X}',
    '$${',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '\u0000',
    '\u001b[31m',
    '\ufeff',
    '\ud800',
    '🙂',
    '---\n',
    '...\n',
    '\r\n',
  ],
  ...['10.0.0.1', '::1', '[::1]:80', '10.0.0.1:80/udp', '255.255.255.255/33'],
];

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
  insert: fc.oneof(fc.constantFrom(...SPLINTERS), fc.string({ maxLength: 6 })),
});

function mutated(text: string, edits: readonly Edit[]): string {
  return edits.reduce((now, { at, remove, insert }) => {
    const from = Math.floor(at * now.length);
    return now.slice(0, from) + insert + now.slice(from + remove);
  }, text);
}

interface Change {
  readonly line: number;
  readonly other: number;
  readonly kind: 'drop' | 'double' | 'swap' | 'value';
  readonly value: string;
}

function changed(lines: readonly string[], { line, other, kind, value }: Change): string[] {
  const at = line % lines.length;
  const to = other % lines.length;
  const [here = '', there = ''] = [lines[at], lines[to]];
  switch (kind) {
    case 'drop':
      return lines.toSpliced(at, 1);
    case 'double':
      return lines.toSpliced(at, 0, here);
    case 'swap':
      return lines.with(at, there).with(to, here);
    case 'value':
      return lines.with(
        at,
        here.replace(/: [^,}\]]+/, () => `: ${value}`),
      );
  }
}

/** @returns whether there were problems. */
function judge(text: string): boolean {
  const result = loadTopology(text, 'topology.yaml');
  if ('config' in result) {
    expect(JSON.parse(JSON.stringify(result.config))).toEqual(result.config);
    return false;
  }
  const lines = text.split('\n').length;
  expect(result.problems.length).toBeGreaterThan(0);
  expect(result.problems.some(({ severity }) => severity === 'error')).toBe(true);
  for (const problem of result.problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1);
    expect(problem.line).toBeLessThanOrEqual(lines + 1);
    expect(problem.column).toBeGreaterThanOrEqual(1);
    expect(problem.message).not.toBe('');
    expect(problemLine(problem)).toMatch(/^topology\.yaml:\d+:\d+: /);
    expect(problem.message).not.toMatch(/undefined|\[object|NaN|at .*\.ts:/);
  }
  return true;
}

describe('mutated topologies', () => {
  it('bytes changed anywhere', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => judge(mutated(text, edits)) !== undefined,
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  it('values replaced, lines lost, doubled or swapped', () => {
    const change: fc.Arbitrary<Change> = fc.record({
      line: fc.nat(200),
      other: fc.nat(200),
      kind: fc.constantFrom('drop' as const, 'double' as const, 'swap' as const, 'value' as const),
      value: fc.constantFrom(...SPLINTERS),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (text, changes) => judge(changes.reduce(changed, text.split('\n')).join('\n')) !== undefined,
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  it('anything at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => judge(text) !== undefined),
      { numRuns: 150 },
    );
  });
});

describe('hostile YAML', () => {
  const head = 'cluster: a\ndirectors: { lb1: { dip: { eth1: 10.0.0.1 } } }\n';
  const bomb = (): string => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
        : `a${level}: &a${level} [${Array(10).fill(`*a${level - 1}`)}]`,
    );
    return `${head}${levels.join('\n')}\n`;
  };

  it.each([
    ['ten thousand open brackets', `cluster: ${'['.repeat(10_000)}`],
    ['a hundred nested lists', `${head}groups: { a: ${'['.repeat(100)}${']'.repeat(100)} }\n`],
    ['a billion aliases', bomb()],
    ['a cycle through two anchors', `${head}groups: &a { x: &b { y: *a }, z: *b }\n`],
    ['a key of 100,000 letters', `${head}${'k'.repeat(100_000)}: 1\n`],
    [
      'five thousand unknown keys',
      `${head}${Array.from({ length: 5_000 }, (_, index) => `key${index}: 1`).join('\n')}\n`,
    ],
    ['a value of a megabyte', `cluster: ${'x'.repeat(1_000_000)}\n`],
    ['Windows line ends', head.replaceAll('\n', '\r\n').replace('cluster', 'clutser')],
    ['a byte order mark', `\ufeff${head}x: 1`],
    ['two documents', `${head}---\n${head}`],
  ])('%s: problems, and soon', (_title, text) => {
    const started = performance.now();
    expect(judge(text)).toBe(true);
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});
