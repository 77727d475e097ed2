/** Shapes of single values: words, numbers, durations. */
import { DURATION, parseDuration } from '../duration.ts';
import type { Finding } from '../problem.ts';
import { type Raw, type RawScalar, shown, wrong } from '../raw.ts';
import { closest } from '../suggest.ts';
import { type Json, miss, type Shape } from './shape.ts';

/** A scalar shape: `read` gives the value, or undefined for "does not fit", or a sentence of its own. */
export function scalar<T>(
  expected: string,
  json: Json,
  read: (raw: RawScalar) => T | undefined | { readonly because: string },
): Shape<T> {
  return {
    expected,
    json,
    below: [],
    parse(raw: Raw, findings: Finding[]): T | undefined {
      if (raw.kind !== 'scalar' || raw.value === null) return miss(raw, expected, findings);
      const value = read(raw);
      if (value === undefined) return miss(raw, expected, findings);
      if (typeof value === 'object' && value !== null && 'because' in value) {
        findings.push(wrong(raw, `${shown(raw)} ${value.because}`, expected));
        return undefined;
      }
      return value;
    },
  };
}

/**
 * Text in which `$${` stands for `${`. A lone `${` is refused: secrets may be referred to only where a secret is wanted,
 * and an unexpanded reference would otherwise be taken literally without a word.
 */
export function text(expected: string, pattern: RegExp = /^/): Shape<string> {
  const json = pattern.source === '^' ? { type: 'string' } : { type: 'string', pattern: pattern.source };
  return scalar<string>(expected, json, (raw) => {
    if (typeof raw.value !== 'string') return { because: `is not text; write "${raw.source}" in quotes` };
    if (/(?<!\$)\$\{/.test(raw.value))
      return { because: 'refers to a secret, which this key does not take; a literal ${ is written $${' };
    const value = raw.value.replaceAll('$${', '${');
    if (value.includes('\0')) return { because: 'holds a zero byte' };
    return pattern.test(value) ? value : undefined;
  });
}

/** Text or a number, as written: words of a command line, values of a sysctl. */
export const word = scalar<string>('text or a number', { type: ['string', 'number'] }, (raw) => {
  if (typeof raw.value !== 'string') return raw.source;
  if (/(?<!\$)\$\{/.test(raw.value))
    return { because: 'refers to a secret, which this key does not take; a literal ${ is written $${' };
  return raw.value.includes('\0') ? { because: 'holds a zero byte' } : raw.value.replaceAll('$${', '${');
});

export const flag: Shape<boolean> = scalar('true or false', { type: 'boolean' }, (raw) =>
  typeof raw.value === 'boolean' ? raw.value : undefined,
);

export function integer(least: number, most: number): Shape<number> {
  const json = { type: 'integer', minimum: least, maximum: most };
  return scalar(`a whole number from ${least} to ${most}`, json, ({ value }) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined,
  );
}

/** One of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): Shape<W> {
  const expected = words.length === 1 ? `'${words[0]}'` : `one of ${words.join(', ')}`;
  return {
    expected,
    json: { enum: words },
    below: [],
    parse(raw, findings) {
      const found = words.find((one) => raw.kind === 'scalar' && raw.value === one);
      if (found !== undefined) return found;
      return miss(raw, expected, findings, raw.kind === 'scalar' ? closest(raw.source, words) : null);
    },
  };
}

export interface DurationLimits {
  readonly least: string;
  readonly most: string;
  /** The value is a multiple of this: what the wire or the kernel can express. */
  readonly step?: string;
}

/** Milliseconds. A bare number is refused: it has no unit. */
export function duration(limits: DurationLimits = { least: '1ms', most: '30d' }): Shape<number> {
  const [least, most, step] = [limits.least, limits.most, limits.step ?? '1ms'].map((one) => parseDuration(one) ?? 0);
  const fine = limits.step === undefined ? '' : ` in steps of ${limits.step}`;
  const expected = `a duration such as 250ms, 1s or 5m, from ${limits.least} to ${limits.most}${fine}`;
  return scalar<number>(expected, { type: 'string', pattern: DURATION.source }, (raw) => {
    if (typeof raw.value === 'number') {
      return { because: `has no unit; write ${raw.source}s for seconds or ${raw.source}ms for milliseconds` };
    }
    const ms = parseDuration(raw.source);
    if (ms === undefined || ms < (least ?? 0) || ms > (most ?? 0) || ms % (step ?? 1) !== 0) return undefined;
    return ms;
  });
}

/** `60%` → 0.6 */
export const share: Shape<number> = scalar(
  'a share such as 60%, from 1% to 100%',
  { type: 'string', pattern: '^\\d{1,3}%$' },
  (raw) => {
    const percent = Number(/^(\d{1,3})%$/.exec(raw.source)?.[1] ?? Number.NaN);
    return percent >= 1 && percent <= 100 ? percent / 100 : undefined;
  },
);

/** What a host, group, instance or service may be called. */
export const name: Shape<string> = text('a name (letters, digits, . _ -)', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/);

export const absolutePath: Shape<string> = text('an absolute path', /^\/[^\0]*$/);
