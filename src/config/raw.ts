/**
 * A YAML document as a plain tree that remembers where each value stands. Aliases and merge keys are resolved already,
 * so that whoever reads a Raw needs to know nothing of YAML.
 */
import type { Finding, Position } from './problem.ts';

interface Placed {
  /** `services.http.checks[0]` */
  readonly path: string;
  readonly position: Position;
  /** Where the key that names this value stands; null for list items and the root. */
  readonly keyPosition: Position | null;
}

export interface RawScalar extends Placed {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, without quotes. */
  readonly source: string;
}

export interface RawMap extends Placed {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Raw>;
}

export interface RawList extends Placed {
  readonly kind: 'list';
  readonly items: readonly Raw[];
}

export type Raw = RawScalar | RawMap | RawList;

export type Step = string | number;

/** The value at `steps`, or as far down as the document goes. Index 0 of a scalar is the scalar: `listen: X` is `[X]`. */
export function locate(root: Raw, steps: readonly Step[]): Raw {
  let here = root;
  for (const step of steps) {
    const next =
      here.kind === 'map'
        ? here.entries.get(String(step))
        : here.kind === 'list'
          ? here.items[Number(step)]
          : undefined;
    if (next === undefined) return here;
    here = next;
  }
  return here;
}

/** The names in a section as written, whether their values are right or not. */
export function namesIn(root: Raw, section: string): string[] {
  const raw = root.kind === 'map' ? root.entries.get(section) : undefined;
  return raw?.kind === 'map' ? [...raw.entries.keys()] : [];
}

/** An error about `raw`. */
export function wrong(raw: Raw, message: string, expected: string | null, suggestion: string | null = null): Finding {
  return { ...raw.position, path: raw.path, message, expected, suggestion, severity: 'error' };
}

const LONGEST_QUOTE = 60;

/** The value as a message shows it. */
export function shown(raw: Raw): string {
  if (raw.kind === 'map') return 'a mapping';
  if (raw.kind === 'list') return 'a list';
  if (raw.value === null) return 'nothing';
  const text = raw.source.length > LONGEST_QUOTE ? `${raw.source.slice(0, LONGEST_QUOTE)}…` : raw.source;
  return typeof raw.value === 'string' ? `'${text}'` : text;
}
