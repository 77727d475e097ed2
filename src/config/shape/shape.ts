/**
 * Shapes: what a value may look like, said once. A shape parses (every error, with its position), says what it expects,
 * gives its JSON Schema, and lists its keys with meaning, default and reason for `explain`. zod is not used here: its
 * unions report one opaque error, and its errors know no line.
 */
import { readDocument } from '../document.ts';
import type { Finding } from '../problem.ts';
import { type Raw, type RawMap, shown, wrong } from '../raw.ts';
import { closest } from '../suggest.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Shape<out T> {
  /** Completes "expected …". */
  readonly expected: string;
  readonly json: Json;
  /** Shapes one step below: a key of a mapping, `*` for a name that the user gives, '' for the items of a list. */
  readonly below: readonly {
    readonly step: string;
    readonly field: Field<unknown> | null;
    readonly shape: Shape<unknown>;
  }[];
  /** @returns undefined when the value is of no use; a finding has been pushed then. */
  parse(raw: Raw, findings: Finding[]): T | undefined;
}

export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** A key of a mapping, with all that `explain` prints of it. */
export interface Field<out T> {
  readonly shape: Shape<T>;
  readonly meaning: string;
  readonly presence: 'required' | 'optional';
  /** The default as one would write it, or in words where it depends on other keys; null when required. */
  readonly defaultText: string | null;
  /** Why this default. */
  readonly reason: string | null;
  readonly example: string;
  /** The value of the default; undefined where it depends on other keys. */
  readonly fallback: () => T | undefined;
}

/** @param placeholder Stands in after the error is reported, so that the rest of the mapping can still be judged. */
export function required<T>(shape: Shape<T>, meaning: string, example: string, placeholder?: T): Field<T> {
  return {
    shape,
    meaning,
    presence: 'required',
    defaultText: null,
    reason: null,
    example,
    fallback: () => placeholder,
  };
}

/** A key whose default is this YAML text, read by the same shape as what a user writes. */
export function defaulted<T>(
  shape: Shape<T>,
  yaml: string,
  meaning: string,
  reason: string,
  example: string,
): Field<T> {
  let cached: { readonly value: T } | undefined;
  const fallback = (): T => {
    cached ??= { value: parseDefault(shape, yaml) };
    return cached.value;
  };
  return { shape, meaning, presence: 'optional', defaultText: yaml, reason, example, fallback };
}

/** A key that may be left out; `otherwise` says in words what happens then. */
export function optional<T>(
  shape: Shape<T>,
  otherwise: string,
  meaning: string,
  example: string,
  reason: string | null = null,
): Field<T | undefined> {
  return { shape, meaning, presence: 'optional', defaultText: otherwise, reason, example, fallback: () => undefined };
}

function parseDefault<T>(shape: Shape<T>, yaml: string): T {
  const findings: Finding[] = [];
  const { root } = readDocument(yaml);
  const value = root === null ? undefined : shape.parse(root, findings);
  if (value === undefined || findings.length > 0) throw new Error(`the default '${yaml}' does not fit its own shape`);
  return value;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
export type RecordOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A mapping with known keys. A broken optional key falls back to its default, so that reading goes on. */
export function record<F extends Fields>(expected: string, fields: F): Shape<RecordOf<F>> {
  const known = Object.entries(fields);
  const below = known.map(([step, field]) => ({ step, field, shape: field.shape }));
  return { expected, json: recordJson(fields), below, parse };

  function parse(raw: Raw, findings: Finding[]): RecordOf<F> | undefined {
    if (raw.kind !== 'map') return miss(raw, expected, findings);
    findings.push(...unknownKeys(raw.entries, fields));
    const values = known.map(([key, field]) => [key, fieldValue(raw, key, field, findings)] as const);
    const usable = values.every(([key, value]) => value !== undefined || fields[key]?.presence !== 'required');
    return usable ? (Object.fromEntries(values) as RecordOf<F>) : undefined;
  }
}

function fieldValue(owner: RawMap, key: string, field: Field<unknown>, findings: Finding[]): unknown {
  const child = owner.entries.get(key);
  if (child !== undefined) return field.shape.parse(child, findings) ?? field.fallback();
  if (field.presence === 'required') findings.push(missing(owner, key, field));
  return field.fallback();
}

function recordJson(fields: Fields): Json {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, { description: fieldText(field), ...field.shape.json }]),
  );
  const needed = Object.keys(fields).filter((key) => fields[key]?.presence === 'required');
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(needed.length > 0 ? { required: needed } : {}),
  };
}

function fieldText(field: Field<unknown>): string {
  return field.defaultText === null ? field.meaning : `${field.meaning} Default: ${field.defaultText}.`;
}

function unknownKeys(entries: ReadonlyMap<string, Raw>, fields: Fields): Finding[] {
  const names = Object.keys(fields);
  return [...entries]
    .filter(([key]) => !Object.hasOwn(fields, key))
    .map(([key, child]) => ({
      ...(child.keyPosition ?? child.position),
      path: child.path,
      message: `unknown key '${key}'`,
      expected: names.length === 1 ? `${names[0]}` : `one of ${names.join(', ')}`,
      suggestion: closest(key, names),
      severity: 'error' as const,
    }));
}

function missing(owner: Raw, key: string, field: Field<unknown>): Finding {
  const path = owner.path === '' ? key : `${owner.path}.${key}`;
  return {
    ...(owner.keyPosition ?? owner.position),
    path,
    message: `'${key}' is missing`,
    expected: field.shape.expected,
    suggestion: null,
    severity: 'error',
  };
}

/** Pushes "got this, expected that". */
export function miss(raw: Raw, expected: string, findings: Finding[], suggestion: string | null = null): undefined {
  findings.push(wrong(raw, `${shown(raw)} does not fit here`, expected, suggestion));
  return undefined;
}

/** A mapping from names that the user gives; entries in the order written. A broken entry is left out. */
export function named<T>(name: Shape<string>, item: Shape<T>, least = 0): Shape<readonly (readonly [string, T])[]> {
  const expected = `a mapping from ${name.expected} to ${item.expected}`;
  return {
    expected,
    json: {
      type: 'object',
      propertyNames: name.json,
      additionalProperties: item.json,
      ...(least > 0 ? { minProperties: least } : {}),
    },
    below: [{ step: '*', field: null, shape: item }],
    parse(raw, findings) {
      if (raw.kind !== 'map') return miss(raw, expected, findings);
      if (raw.entries.size < least) findings.push(wrong(raw, 'the mapping is empty', expected));
      return [...raw.entries].flatMap(([key, child]): (readonly [string, T])[] => {
        const position = child.keyPosition ?? child.position;
        const good = name.parse({ ...child, kind: 'scalar', position, value: key, source: key }, findings);
        const value = item.parse(child, findings);
        return good === undefined || value === undefined ? [] : [[good, value]];
      });
    },
  };
}

/** A list; a broken item is left out. */
export function list<T>(item: Shape<T>, least = 0): Shape<readonly T[]> {
  const expected = `a list of ${item.expected}`;
  return {
    expected,
    json: { type: 'array', items: item.json, ...(least > 0 ? { minItems: least } : {}) },
    below: [{ step: '', field: null, shape: item }],
    parse(raw, findings) {
      if (raw.kind !== 'list') return miss(raw, expected, findings);
      if (raw.items.length < least) findings.push(wrong(raw, 'the list is empty', expected));
      return raw.items.map((child) => item.parse(child, findings)).filter((value) => value !== undefined);
    },
  };
}

/** Several spellings of one thing, told apart by what stands there before anything is parsed, so that errors stay exact. */
export function spelled<T>(expected: string, ways: Readonly<Partial<Record<Raw['kind'], Shape<T>>>>): Shape<T> {
  const shapes = Object.values(ways);
  return {
    expected,
    json: { anyOf: shapes.map((shape) => shape.json) },
    below: shapes.map((shape) => ({ step: '', field: null, shape })),
    parse(raw, findings) {
      const way = ways[raw.kind];
      if (way === undefined || (raw.kind === 'scalar' && raw.value === null)) return miss(raw, expected, findings);
      return way.parse(raw, findings);
    },
  };
}

/** The same shape, with its value made into another. */
export function mapped<T, U>(shape: Shape<T>, change: (value: T) => U): Shape<U> {
  return {
    ...shape,
    parse(raw, findings) {
      const value = shape.parse(raw, findings);
      return value === undefined ? undefined : change(value);
    },
  };
}

/** One or several: `X` and `[X]` are the same. */
export function oneOrMore<T>(item: Shape<T>): Shape<readonly T[]> {
  const single = mapped(item, (value): readonly T[] => [value]);
  return spelled(`${item.expected}, or a list of them`, { scalar: single, map: single, list: list(item, 1) });
}
