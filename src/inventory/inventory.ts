/**
 * Ansible YAML inventories → hosts with their groups and variables. Pure; every error has its place. Not read: INI files,
 * group_vars and host_vars folders, inventory plugins.
 */
import { readDocument } from '../config/document.ts';
import { type Finding, inFileOrder, type Problem } from '../config/problem.ts';
import { type Raw, type RawMap, shown, wrong } from '../config/raw.ts';
import { closest } from '../config/suggest.ts';
import { checkVariable } from './connection-variables.ts';
import type { Inventory, InventoryHost } from './host.ts';
import { expandRange } from './range.ts';

interface Group {
  readonly vars: Map<string, unknown>;
  readonly hosts: Set<string>;
  readonly children: Set<string>;
}

interface Reading {
  readonly groups: Map<string, Group>;
  readonly hostVars: Map<string, Map<string, unknown>>;
  readonly findings: Finding[];
}

export function loadInventory(
  text: string,
  file: string,
): { readonly inventory: Inventory } | { readonly problems: readonly Problem[] } {
  const { root, findings: syntax } = readDocument(text);
  const reading: Reading = { groups: new Map(), hostVars: new Map(), findings: [...syntax] };
  if (root !== null && syntax.length === 0) readRoot(root, reading);
  const depths = reading.findings.length === 0 ? depthsOf(reading) : new Map<string, number>();
  if (reading.findings.length > 0) {
    return { problems: inFileOrder(reading.findings).map((finding) => ({ file, ...finding })) };
  }
  const hosts = [...reading.hostVars.keys()].map((name) => hostOf(name, reading, depths));
  return { inventory: { file, hosts, groups: [...reading.groups.keys()] } };
}

const EXPECTED_ROOT = 'groups by name, such as all: { hosts: …, vars: …, children: … }';

function readRoot(root: Raw, reading: Reading): void {
  groupNamed('all', reading);
  if (root.kind !== 'map') {
    reading.findings.push(wrong(root, `${shown(root)} is no inventory`, EXPECTED_ROOT));
    return;
  }
  for (const [name, raw] of root.entries) {
    readGroup(name, raw, reading);
    if (name !== 'all') groupNamed('all', reading).children.add(name);
  }
}

function groupNamed(name: string, { groups }: Reading): Group {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = { vars: new Map(), hosts: new Set<string>(), children: new Set<string>() };
  groups.set(name, group);
  return group;
}

const SECTIONS = ['hosts', 'vars', 'children'];

function isNothing(raw: Raw): boolean {
  return raw.kind === 'scalar' && raw.value === null;
}

function readGroup(name: string, raw: Raw, reading: Reading): void {
  const group = groupNamed(name, reading);
  if (isNothing(raw)) return;
  if (raw.kind !== 'map') {
    reading.findings.push(wrong(raw, `${shown(raw)} is no group`, 'a mapping with hosts, vars and children'));
    return;
  }
  for (const [section, child] of raw.entries) {
    if (!SECTIONS.includes(section)) {
      const expected = 'one of hosts, vars, children';
      const message = `unknown key '${section}' in group '${name}'`;
      reading.findings.push(wrong(atKey(child), message, expected, closest(section, SECTIONS)));
    } else if (child.kind === 'map') readSection(section, child, group, reading);
    else if (!isNothing(child)) {
      const expected = `a mapping of ${section}; each ends with a colon`;
      reading.findings.push(wrong(child, `${shown(child)} does not fit here`, expected));
    }
  }
}

function readSection(section: string, raw: RawMap, group: Group, reading: Reading): void {
  if (section === 'vars') readVars(raw, group.vars, reading.findings);
  else if (section === 'hosts') readHosts(raw, group, reading);
  else {
    for (const [inner, below] of raw.entries) {
      group.children.add(inner);
      readGroup(inner, below, reading);
    }
  }
}

/** The same value, found where its key stands. */
function atKey(raw: Raw): Raw {
  return { ...raw, position: raw.keyPosition ?? raw.position };
}

function readVars(raw: RawMap, into: Map<string, unknown>, findings: Finding[]): void {
  for (const [name, value] of raw.entries) {
    checkVariable(name, value, findings);
    into.set(name, plain(value));
  }
}

function readHosts(raw: RawMap, group: Group, reading: Reading): void {
  for (const [pattern, child] of raw.entries) {
    const names = namesOf(pattern, child, reading.findings);
    const vars = new Map<string, unknown>();
    if (child.kind === 'map') readVars(child, vars, reading.findings);
    for (const name of names) {
      group.hosts.add(name);
      reading.hostVars.set(name, new Map([...(reading.hostVars.get(name) ?? []), ...vars]));
    }
  }
}

/** The hosts that an entry stands for; none when it is wrong. */
function namesOf(pattern: string, child: Raw, findings: Finding[]): readonly string[] {
  if (/[\s=]/.test(pattern)) {
    const expected = 'the YAML form: NAME: { ansible_host: 192.0.2.1 }';
    findings.push(wrong(atKey(child), `'${pattern}' is the INI form of an inventory`, expected));
    return [];
  }
  if (child.kind !== 'map' && !isNothing(child)) {
    const hint = child.kind === 'scalar' && child.source.includes('=') ? ': key=value is the INI form' : '';
    const expected = 'nothing, or a mapping of variables';
    findings.push(wrong(child, `${shown(child)} does not fit behind a host${hint}`, expected));
    return [];
  }
  const names = expandRange(pattern);
  if (!('because' in names)) return names;
  findings.push(wrong(atKey(child), `'${pattern}' ${names.because}`, 'a host or a range such as web[01:50]'));
  return [];
}

/** A Raw as plain JSON; own properties only, whatever the keys are called. */
function plain(raw: Raw): unknown {
  if (raw.kind === 'scalar') return raw.value;
  if (raw.kind === 'list') return raw.items.map(plain);
  return Object.fromEntries([...raw.entries].map(([key, value]) => [key, plain(value)]));
}

/** Group → steps from `all` by the longest way, which is what precedence goes by. A group inside itself is an error. */
function depthsOf({ groups, findings }: Reading): Map<string, number> {
  const depths = new Map<string, number>();
  const visit = (name: string, depth: number, above: ReadonlySet<string>): void => {
    if (above.has(name)) {
      const message = `group '${name}' lies inside itself`;
      findings.push({ line: 1, column: 1, path: name, message, expected: null, suggestion: null, severity: 'error' });
      return;
    }
    if ((depths.get(name) ?? -1) >= depth || findings.length > 0) return;
    depths.set(name, depth);
    for (const child of groups.get(name)?.children ?? []) visit(child, depth + 1, new Set([...above, name]));
  };
  visit('all', 0, new Set());
  return depths;
}

function hostOf(name: string, { groups, hostVars }: Reading, depths: ReadonlyMap<string, number>): InventoryHost {
  const direct = [...groups].filter(([, group]) => group.hosts.has(name)).map(([group]) => group);
  const all = new Set<string>(['all']);
  const climb = (group: string): void => {
    if (all.has(group)) return;
    all.add(group);
    for (const [parent, { children }] of groups) if (children.has(group)) climb(parent);
  };
  for (const group of direct) climb(group);
  const ordered = [...all].sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || (a < b ? -1 : 1));
  const vars = ordered.flatMap((group) => [...(groups.get(group)?.vars ?? [])]);
  return { name, groups: ordered, vars: Object.fromEntries([...vars, ...(hostVars.get(name) ?? [])]) };
}
