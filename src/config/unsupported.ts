/**
 * Keys that are part of the format but not acted upon yet. They validate; `plan` and `apply` refuse them by name, because
 * ignoring one would be a promise not kept. Work that makes one real deletes its row.
 */
import { type Finding, inFileOrder } from './problem.ts';
import type { Raw } from './raw.ts';

/** Keys of which only some values are not acted upon. `*` is any name; items of lists have no step of their own. */
const VALUES: readonly (readonly [path: string, value: (source: string) => boolean])[] = [
  ['firewall', (source) => source === 'manage'],
  ['realservers.*.gateway.scope', (source) => source === 'host'],
];

/** All rows, for the test that each names a key. */
export const UNSUPPORTED_PATHS: readonly string[] = VALUES.map(([path]) => path);
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
  if (raw.kind !== 'scalar') return undefined;
  const isRefused = REFUSED_VALUES.some(([path, value]) => matches(path, steps) && value(raw.source));
  return isRefused ? `'${raw.source}' is not supported yet` : undefined;
}

function matches(path: readonly string[], steps: readonly string[]): boolean {
  return path.length === steps.length && path.every((step, index) => step === '*' || step === steps[index]);
}
