/**
 * Keys that are part of the format but not acted upon yet. They validate; `plan` and `apply` refuse them by name, because
 * ignoring one would be a promise not kept. Work that makes one real deletes its row.
 */
import { type Finding, inFileOrder } from './problem.ts';
import type { Raw } from './raw.ts';

/** `*` is any name; items of lists have no step of their own. */
const KEYS: readonly string[] = ['ipvs.probe_marks'];

/** The same keys wherever a list of checks stands. */
const CHECK_KEYS: readonly string[] = ['mark'];
const CHECK_LISTS: readonly string[] = [
  'services.*.checks',
  'services.*.realservers.checks',
  'services.*.sorry.checks',
];

/** Keys of which only some values are not acted upon. */
const VALUES: readonly (readonly [path: string, value: (source: string) => boolean])[] = [
  ['firewall', (source) => source === 'manage'],
  ['realservers.*.gateway.scope', (source) => source === 'host'],
  ...CHECK_LISTS.map((path) => [`${path}.via`, (source: string) => source === 'vip'] as const),
];

const REFUSED_KEYS = [...KEYS, ...CHECK_LISTS.flatMap((list) => CHECK_KEYS.map((key) => `${list}.${key}`))];
/** All rows, for the test that each names a key. */
export const UNSUPPORTED_PATHS: readonly string[] = [...REFUSED_KEYS, ...VALUES.map(([path]) => path)];
const REFUSED = REFUSED_KEYS.map(stepsOf);
const REFUSED_VALUES = VALUES.map(([path, value]) => [stepsOf(path), value] as const);

function stepsOf(path: string): readonly string[] {
  return path.split('.');
}

/** What this version would not act upon, in the order of the file. `root` has been validated. */
export function unsupportedIn(root: Raw): Finding[] {
  const findings: Finding[] = [];
  walk(root, [], findings);
  return inFileOrder(findings);
}

function walk(raw: Raw, steps: readonly string[], findings: Finding[]): void {
  const why = reasonAgainst(raw, steps);
  if (why !== undefined) {
    const at = raw.keyPosition ?? raw.position;
    findings.push({ ...at, path: raw.path, message: why, expected: null, suggestion: null, severity: 'error' });
    return;
  }
  if (raw.kind === 'list') for (const item of raw.items) walk(item, steps, findings);
  if (raw.kind === 'map') for (const [key, child] of raw.entries) walk(child, [...steps, key], findings);
}

function reasonAgainst(raw: Raw, steps: readonly string[]): string | undefined {
  const key = steps.at(-1) ?? '';
  if (REFUSED.some((path) => matches(path, steps))) return `'${key}' is not supported yet`;
  if (raw.kind !== 'scalar') return undefined;
  const isRefused = REFUSED_VALUES.some(([path, value]) => matches(path, steps) && value(raw.source));
  return isRefused ? `'${raw.source}' is not supported yet` : undefined;
}

function matches(path: readonly string[], steps: readonly string[]): boolean {
  return path.length === steps.length && path.every((step, index) => step === '*' || step === steps[index]);
}
