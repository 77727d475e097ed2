/**
 * What JSON from outside must look like before it is believed. A shape says what is wrong with a value, as a sentence with its
 * path, or undefined; unknown keys are let through, so that a newer lvsctl can speak to an older agent.
 */

export type Shape<T> = {
  (value: unknown, path: string): string | undefined;
  /** Carries the type only. */
  readonly of?: T;
};

export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** What came from outside is not what it must be. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** @throws ShapeError */
export function accept<T>(shape: Shape<T>, value: unknown, path: string): T {
  const problem = shape(value, path);
  if (problem !== undefined) throw new ShapeError(problem);
  return value as T;
}

function where(isRight: (value: unknown) => boolean, expected: string) {
  return (value: unknown, path: string) => (isRight(value) ? undefined : `${path}: expected ${expected}`);
}

export const text: Shape<string> = where((value) => typeof value === 'string', 'a string');
export const flag: Shape<boolean> = where((value) => typeof value === 'boolean', 'true or false');

export function integer(low: number, high: number): Shape<number> {
  const isRight = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= low && Number(value) <= high;
  return where(isRight, `a whole number from ${low} to ${high}`);
}

export function decimal(low: number, high: number): Shape<number> {
  const isRight = (value: unknown): boolean => typeof value === 'number' && value >= low && value <= high;
  return where(isRight, `a number from ${low} to ${high}`);
}

export function oneOf<const T extends string | number | boolean | null>(...values: readonly T[]): Shape<T> {
  return where((value) => values.includes(value as T), values.map(String).join(' or '));
}

export function matching<T extends string = string>(isRight: (text: string) => boolean, expected: string): Shape<T> {
  return where((value) => typeof value === 'string' && isRight(value), expected);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? undefined : shape(value, path));
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? undefined : shape(value, path));
}

export function list<T>(shape: Shape<T>, atLeast = 0): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path}: expected a list`;
    if (value.length < atLeast) return `${path}: expected at least ${atLeast} entries`;
    return first(value, (entry, index) => shape(entry, `${path}[${index}]`));
  };
}

export function record<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isObject(value)) return `${path}: expected an object`;
    return first(Object.entries(value), ([key, entry]) => shape(entry, `${path}.${key}`));
  };
}

type Fields = Readonly<Record<string, Shape<unknown>>>;

export function object<F extends Fields>(fields: F): Shape<{ readonly [K in keyof F]: Shaped<F[K]> }> {
  const entries = Object.entries(fields);
  return (value, path) => {
    if (!isObject(value)) return `${path}: expected an object`;
    return first(entries, ([key, shape]) =>
      shape(Object.hasOwn(value, key) ? value[key] : undefined, `${path}.${key}`),
    );
  };
}

/** An object whose field `kind` says which of these shapes it has. */
export function variant<M extends Readonly<Record<string, Shape<unknown>>>>(kinds: M): Shape<Shaped<M[keyof M]>> {
  return (value, path) => {
    const kind = isObject(value) ? value['kind'] : undefined;
    const shape = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    return shape === undefined ? `${path}.kind: expected ${Object.keys(kinds).join(' or ')}` : shape(value, path);
  };
}

export function both<A, B>(left: Shape<A>, right: Shape<B>): Shape<A & B> {
  return (value, path) => left(value, path) ?? right(value, path);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function first<T>(values: readonly T[], problemOf: (value: T, index: number) => string | undefined) {
  for (const [index, value] of values.entries()) {
    const problem = problemOf(value, index);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
