/** A topology on its way: the tree that becomes YAML, with where each part of it came from and what a person has to decide. */

/** Where a part came from. */
export interface Origin {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
}

export type Draft =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] };

export interface Item {
  readonly draft: Draft;
  readonly at: Origin | null;
}

export interface Entry extends Item {
  readonly key: string;
  /** Stands above it in the file; several lines are several comments. */
  readonly comment: string | null;
}

export function value(of: string | number | boolean): Draft {
  return { kind: 'value', value: of };
}

/** Values one after the other, from one place. */
export function values(of: readonly (string | number)[], at: Origin | null): Draft {
  return { kind: 'list', items: of.map((one) => ({ draft: value(one), at })) };
}

export function map(...entries: readonly (Entry | null)[]): Draft {
  return { kind: 'map', entries: entries.filter((entry) => entry !== null) };
}

export function entry(
  key: string,
  of: Draft | string | number | boolean,
  at: Origin | null = null,
  comment: string | null = null,
): Entry {
  return { key, draft: typeof of === 'object' ? of : value(of), at, comment };
}

/** As JSON has it: what two drafts are compared by. */
export function plain(draft: Draft): unknown {
  if (draft.kind === 'value') return draft.value;
  if (draft.kind === 'list') return draft.items.map((item) => plain(item.draft));
  return Object.fromEntries(draft.entries.map((one) => [one.key, plain(one.draft)]));
}

export function isSame(one: Draft, other: Draft): boolean {
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

/**
 * What stands at a path such as `services.http.checks[0]`, or the deepest part of it that is there. Names may hold dots.
 * @returns the parts from the outermost to what stands there
 */
export function partsAt(root: Draft, path: string): Item[] {
  if (root.kind === 'list') {
    const [whole = '', digits = ''] = /^\[(\d+)\]\.?/.exec(path) ?? [];
    const item = digits === '' ? undefined : root.items[Number(digits)];
    return item === undefined ? [] : [item, ...partsAt(item.draft, path.slice(whole.length))];
  }
  if (root.kind === 'value') return [];
  const fits = ({ key }: Entry): boolean => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`);
  const found = root.entries.filter(fits).sort((a, b) => b.key.length - a.key.length)[0];
  if (found === undefined) return [];
  return [found, ...partsAt(found.draft, path.slice(found.key.length).replace(/^\./, ''))];
}

/** Without these parts (compared by identity). Lists and maps that become empty by it go, too. */
export function without(root: Draft, gone: ReadonlySet<Item>): Draft {
  if (root.kind === 'value') return root;
  if (root.kind === 'list') return { kind: 'list', items: kept(root.items, gone) };
  return { kind: 'map', entries: kept(root.entries, gone) };
}

function kept<Part extends Item>(parts: readonly Part[], gone: ReadonlySet<Item>): Part[] {
  return parts.flatMap((part) => {
    if (gone.has(part)) return [];
    const draft = without(part.draft, gone);
    return isEmpty(draft) && !isEmpty(part.draft) ? [] : [{ ...part, draft }];
  });
}

function isEmpty(draft: Draft): boolean {
  if (draft.kind === 'value') return false;
  return (draft.kind === 'list' ? draft.items : draft.entries).length === 0;
}
