/**
 * Keys that are part of the format but not acted upon yet. They validate; `plan` and `apply` refuse them by name, because
 * ignoring one would be a promise not kept. Work that makes one real deletes its row.
 */
import { familyOf, parseAddress } from '../wire/address.ts';
import { type Finding, inFileOrder } from './problem.ts';
import type { Raw } from './raw.ts';

/** Keys of which only some values are not acted upon. `*` is any name; items of lists have no step of their own. */
const VALUES: readonly (readonly [path: string, value: (source: string) => boolean])[] = [
  ['firewall', (source) => source === 'manage'],
  ['realservers.*.gateway.scope', (source) => source === 'host'],
  ['services.*.listen', (source) => source.endsWith('/sctp')],
];

const ADDRESSES: readonly string[] = ['realservers.*.rip', 'services.*.listen'];

/** All rows, for the test that each names a key. */
export const UNSUPPORTED_PATHS: readonly string[] = [...VALUES.map(([path]) => path), ...ADDRESSES];
const REFUSED_VALUES = VALUES.map(([path, value]) => [stepsOf(path), value] as const);
const ADDRESS_STEPS = ADDRESSES.map(stepsOf);

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
  if (REFUSED_VALUES.some(([path, value]) => matches(path, steps) && value(raw.source))) {
    return `'${raw.source}' is not supported yet`;
  }
  const isIpv6 = ADDRESS_STEPS.some((path) => matches(path, steps)) && holdsIpv6(raw.source);
  return isIpv6 ? `IPv6 ('${raw.source}') is not supported yet` : undefined;
}

function matches(path: readonly string[], steps: readonly string[]): boolean {
  return path.length === steps.length && path.every((step, index) => step === '*' || step === steps[index]);
}

function holdsIpv6(source: string): boolean {
  const address = parseAddress(source.replace(/^\[([^\]]*)\].*$/, '$1').replace(/\/\d+$/, ''));
  return address !== undefined && familyOf(address) === 6;
}
