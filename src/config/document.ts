/**
 * YAML text → {@link Raw}. Everything YAML can do to a reader is met here: syntax errors, tabs, duplicate and odd keys,
 * anchors, merge keys, cycles, alias bombs, tags. Nothing is thrown; what is wrong comes back as findings.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit, type YAMLError } from 'yaml';
import type { Finding, Position } from './problem.ts';
import type { Raw } from './raw.ts';

/** Deeper than any topology or inventory; keeps recursion far from the stack's end. */
const DEEPEST = 64;
/** Values in all, and behind aliases: 10,000 realservers need about 100,000 and 40,000; an alias bomb needs billions. */
const MOST_VALUES = 500_000;
const MOST_ALIASED = 100_000;

interface Reading {
  readonly lines: LineCounter;
  readonly anchors: ReadonlyMap<string, readonly Node[]>;
  readonly findings: Finding[];
  /** Anchors being expanded now: meeting one again is a cycle. */
  readonly open: Set<Node>;
  values: number;
  aliased: number;
}

/** What stands above a node: its path and the key that names it. */
interface Place {
  readonly path: string;
  readonly keyPosition: Position | null;
  readonly depth: number;
}

/** @returns root null when there is nothing to go on with; findings may stand beside a root. */
export function readDocument(text: string): { readonly root: Raw | null; readonly findings: readonly Finding[] } {
  const lines = new LineCounter();
  const findings: Finding[] = [];
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      uniqueKeys: false,
    });
    const troubles: YAMLError[] = [...document.errors, ...document.warnings];
    findings.push(...troubles.map((error) => syntaxFinding(error, lines)));
    if (document.contents === null) {
      if (findings.length === 0) findings.push(atStart('the file is empty'));
      return { root: null, findings };
    }
    const reading = {
      lines,
      anchors: anchorsOf(document.contents),
      findings,
      open: new Set<Node>(),
      values: 0,
      aliased: 0,
    };
    return { root: toRaw(document.contents, { path: '', keyPosition: null, depth: 0 }, reading), findings };
  } catch (error) {
    // The parser recurses over nested collections: the only known throw is the stack's end.
    const cause = error instanceof RangeError ? 'it is nested too deeply' : String(error);
    return { root: null, findings: [...findings, atStart(`the file cannot be read as YAML: ${cause}`)] };
  }
}

function atStart(message: string): Finding {
  return { line: 1, column: 1, path: '', message, expected: null, suggestion: null, severity: 'error' };
}

function positionAt(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

const WORDS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'a tab is used for indentation: YAML wants spaces',
  MULTIPLE_DOCS: 'the file holds more than one YAML document',
};

function syntaxFinding(error: YAMLError, lines: LineCounter): Finding {
  const message = WORDS[error.code] ?? `YAML: ${error.message.split('\n')[0] ?? error.code}`;
  return {
    ...positionAt(error.pos[0], lines),
    path: '',
    message,
    expected: null,
    suggestion: null,
    severity: 'error',
  };
}

/** Anchors by name, in the order of the text: one name may be given again further down. */
function anchorsOf(root: Node): ReadonlyMap<string, readonly Node[]> {
  const anchored: (Node & { readonly anchor: string })[] = [];
  visit(root, {
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchored.push(node as Node & { readonly anchor: string });
    },
  });
  return Map.groupBy(anchored, ({ anchor }) => anchor);
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function refuse(node: Node | null, place: Place, message: string, reading: Reading): null {
  const position = node === null ? place.keyPosition : positionAt(offsetOf(node), reading.lines);
  refuseAt(position ?? { line: 1, column: 1 }, place.path, message, reading);
  return null;
}

function refuseAt(position: Position, path: string, message: string, reading: Reading): void {
  reading.findings.push({ ...position, path, message, expected: null, suggestion: null, severity: 'error' });
}

function toRaw(node: unknown, place: Place, reading: Reading): Raw | null {
  if (isTooMuch(place, reading)) return null;
  if (isAlias(node)) return fromAlias(node, node.source, place, reading);
  if (!(isScalar(node) || isMap(node) || isSeq(node))) return emptyAt(place);
  if (place.depth > DEEPEST) return refuse(node, place, 'nested too deeply', reading);
  const position = positionAt(offsetOf(node), reading.lines);
  const placed = { path: place.path, keyPosition: place.keyPosition, position };
  if (isMap(node)) return { kind: 'map', ...placed, entries: entriesOf(node, place, reading) };
  if (isSeq(node)) {
    const below = (index: number): Place => ({
      path: `${place.path}[${index}]`,
      keyPosition: null,
      depth: place.depth + 1,
    });
    const items = node.items.map((item, index) => toRaw(item, below(index), reading)).filter((item) => item !== null);
    return { kind: 'list', ...placed, items };
  }
  const { value } = node;
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
    return refuse(node, place, 'a value of a kind that no key takes', reading);
  }
  const scalar = value as string | number | boolean | null;
  return { kind: 'scalar', ...placed, value: scalar, source: node.source ?? String(scalar ?? '') };
}

/** Counts one value; says once that there are too many. */
function isTooMuch(place: Place, reading: Reading): boolean {
  reading.values++;
  if (reading.open.size > 0) reading.aliased++;
  const over = reading.values - MOST_VALUES > 0 || reading.aliased - MOST_ALIASED > 0;
  const message = 'the file holds too many values';
  if (over && !reading.findings.some((finding) => finding.message === message)) refuse(null, place, message, reading);
  return over;
}

function emptyAt(place: Place): Raw {
  const position = place.keyPosition ?? { line: 1, column: 1 };
  return { kind: 'scalar', path: place.path, keyPosition: place.keyPosition, position, value: null, source: '' };
}

/** Values behind an alias keep the position where they were written, and get the path where they are used. */
function fromAlias(alias: Node, anchor: string, place: Place, reading: Reading): Raw | null {
  const target = reading.anchors.get(anchor)?.findLast((node) => offsetOf(node) < offsetOf(alias));
  if (target === undefined) return refuse(alias, place, `no anchor &${anchor} stands before this alias`, reading);
  if (reading.open.has(target)) return refuse(alias, place, `the anchor &${anchor} holds itself`, reading);
  reading.open.add(target);
  const raw = toRaw(target, place, reading);
  reading.open.delete(target);
  return raw;
}

interface PairLike {
  readonly key: unknown;
  readonly value: unknown;
}

function entriesOf(map: { readonly items: readonly PairLike[] }, place: Place, reading: Reading): Map<string, Raw> {
  const own = new Map<string, Raw>();
  const merged = new Map<string, Raw>();
  for (const pair of map.items) {
    const key = keyOf(pair.key, place, reading);
    if (key === null) continue;
    const path = place.path === '' ? key.text : `${place.path}.${key.text}`;
    const below = { path: key.isMerge ? place.path : path, keyPosition: key.position, depth: place.depth + 1 };
    const raw = toRaw(pair.value, below, reading);
    if (raw === null) continue;
    if (key.isMerge) mergeInto(merged, raw, place, reading);
    else if (own.has(key.text)) refuseAt(key.position, below.path, 'this key stands twice in one mapping', reading);
    else own.set(key.text, raw);
  }
  return new Map([...merged, ...own]);
}

function keyOf(
  node: unknown,
  place: Place,
  reading: Reading,
): { text: string; position: Position; isMerge: boolean } | null {
  if (!isScalar(node) || node.value === null || node.value instanceof Uint8Array) {
    refuse(isScalar(node) || isMap(node) || isSeq(node) ? node : null, place, 'a key must be a plain name', reading);
    return null;
  }
  const text = node.source ?? String(node.value);
  return {
    text,
    position: positionAt(offsetOf(node), reading.lines),
    isMerge: text === '<<' && node.type === 'PLAIN',
  };
}

/** `<<: *a` and `<<: [*a, *b]`: the first that has a key wins, and the mapping's own keys win over all. */
function mergeInto(merged: Map<string, Raw>, raw: Raw, place: Place, reading: Reading): void {
  const sources = raw.kind === 'list' ? raw.items : [raw];
  for (const source of sources) {
    if (source.kind !== 'map') {
      refuseAt(source.position, place.path, 'a merge key takes a mapping or a list of mappings', reading);
      continue;
    }
    for (const [key, value] of source.entries) if (!merged.has(key)) merged.set(key, value);
  }
}
