/** Every key of the format with its documentation, found by any reasonable spelling of its path. */
import { topology } from './schema/topology.ts';
import type { Field, Shape } from './shape/shape.ts';
import { closest } from './suggest.ts';

export interface KeyDoc {
  /** Where the key may stand; `*` is a name that you give. One key may stand at several places. */
  readonly paths: readonly string[];
  readonly meaning: string;
  readonly required: boolean;
  readonly expected: string;
  readonly default: string | null;
  readonly reason: string | null;
  readonly example: string;
  /** Keys one level below. */
  readonly keys: readonly string[];
}

/** All keys, in the order of the schema. */
export function allKeys(): KeyDoc[] {
  const paths = new Map<Field<unknown>, string[]>();
  collect(topology, [], paths);
  return [...paths].map(([field, places]) => docOf(field, places));
}

function collect(shape: Shape<unknown>, steps: readonly string[], paths: Map<Field<unknown>, string[]>): void {
  for (const { step, field, shape: inner } of shape.below) {
    const here = step === '' ? steps : [...steps, step];
    if (field !== null) {
      const places = paths.get(field) ?? [];
      const path = here.join('.');
      paths.set(field, places.includes(path) ? places : [...places, path]);
    }
    collect(inner, here, paths);
  }
}

function docOf(field: Field<unknown>, paths: readonly string[]): KeyDoc {
  return {
    paths,
    meaning: field.meaning,
    required: field.presence === 'required',
    expected: field.shape.expected,
    default: field.defaultText,
    reason: field.reason,
    example: field.example,
    keys: [...new Set(keysBelow(field.shape))],
  };
}

function keysBelow(shape: Shape<unknown>): string[] {
  return shape.below.flatMap(({ step, shape: inner }) => (step === '' || step === '*' ? keysBelow(inner) : [step]));
}

/**
 * `vrrp.public.garp.count`, `vrrp.*.garp.count`, `vrrp.garp.count`, `garp.count` and `count` all find it; what is short
 * may find several.
 */
export function explainKey(key: string): { readonly found: readonly KeyDoc[]; readonly suggestion: string | null } {
  const wanted = key
    .replaceAll(/\[\d*\]/g, '')
    .split('.')
    .filter(Boolean);
  const keys = allKeys();
  const exact = keys.filter(({ paths }) => paths.some((path) => isPath(path, wanted)));
  const found = exact.length > 0 ? exact : keys.filter(({ paths }) => paths.some((path) => endsWith(path, wanted)));
  if (found.length > 0) return { found, suggestion: null };
  const names = keys.flatMap(({ paths }) => paths.flatMap((path) => [plain(path), path.split('.').at(-1) ?? path]));
  return { found: [], suggestion: closest(wanted.join('.'), new Set(names)) };
}

function plain(path: string): string {
  return path.replaceAll('.*', '');
}

function isPath(path: string, wanted: readonly string[]): boolean {
  const steps = path.split('.');
  if (plain(path) === wanted.join('.')) return true;
  return steps.length === wanted.length && steps.every((step, index) => step === '*' || step === wanted[index]);
}

function endsWith(path: string, wanted: readonly string[]): boolean {
  return wanted.length > 0 && `.${plain(path)}`.endsWith(`.${wanted.join('.')}`);
}
