import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/config/canonical.ts';
import { parseDuration } from '../../src/config/duration.ts';
import { folderOf, pathFrom } from '../../src/config/path.ts';
import { problemLine } from '../../src/config/problem.ts';
import { closest, editDistance } from '../../src/config/suggest.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['1s', 1000],
    ['1.5s', 1500],
    ['0.25s', 250],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['14d', 1_209_600_000],
    ['0s', 0],
    ['1.001s', 1001],
    ['0.1ms', undefined],
    ['1', undefined],
    ['s', undefined],
    ['1 s', undefined],
    ['-1s', undefined],
    ['1e3s', undefined],
    ['1S', undefined],
    ['1s2', undefined],
    ['.5s', undefined],
  ])('%s → %s', (written, ms) => expect(parseDuration(written)).toBe(ms));

  it('takes every whole number of milliseconds back', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (ms) => {
        expect(parseDuration(`${ms}ms`)).toBe(ms);
      }),
    );
  });
});

describe('closest', () => {
  it.each([
    ['wieght', 'weight'],
    ['advert-interval', 'advert_interval'],
    ['Listen', 'listen'],
    ['realserver', 'realservers'],
    ['wlcc', 'wlc'],
    ['zebra', null],
    ['', null],
  ])('%s → %s', (written, name) => {
    expect(closest(written, ['weight', 'advert_interval', 'listen', 'realservers', 'wlc'])).toBe(name);
  });

  it('measures as a distance does', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('wieght', 'weight')).toBe(1);
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('paths', () => {
  it.each([
    ['/etc/lvs', 'key', '/etc/lvs/key'],
    ['/etc/lvs', '../key', '/etc/key'],
    ['/etc/lvs', './a/./b//c', '/etc/lvs/a/b/c'],
    ['/etc', '../../key', '/key'],
    ['a/b', '../../../key', '../key'],
    ['.', 'key', 'key'],
    ['/etc', '/abs', '/abs'],
    ['/etc', '~/key', '~/key'],
    ['/etc', '~key', '/etc/~key'],
  ])('%s + %s → %s', (base, path, whole) => expect(pathFrom(base, path)).toBe(whole));

  it.each([
    ['/etc/lvs/t.yaml', '/etc/lvs'],
    ['t.yaml', '.'],
    ['/t.yaml', '/'],
    ['a/t.yaml', 'a'],
  ])('the folder of %s is %s', (file, folder) => expect(folderOf(file)).toBe(folder));
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('problemLine', () => {
  const base = { file: 't.yaml', line: 3, column: 5, path: 'a.b', message: 'wrong', expected: null, suggestion: null };

  it.each([
    [{ ...base, severity: 'error' as const }, 't.yaml:3:5: a.b: wrong'],
    [{ ...base, expected: 'x', severity: 'error' as const }, 't.yaml:3:5: a.b: wrong (expected x)'],
    [
      { ...base, expected: 'x', suggestion: 'y', severity: 'error' as const },
      "t.yaml:3:5: a.b: wrong (expected x; did you mean 'y'?)",
    ],
    [{ ...base, path: '', severity: 'warning' as const }, 't.yaml:3:5: warning: wrong'],
  ])('%j', (problem, line) => expect(problemLine(problem)).toBe(line));
});
